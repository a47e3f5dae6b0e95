//! How an image lies over the channels of card memory.
//!
//! Memory is read over M channels of W words each, all at once: a beat of D = M W words has words
//! c W .. c W + W in channel c. Each channel holds its part of beat 0, then that of beat 1 and so
//! on, without gaps. So an image is striped over the channels in units of W words.

use crate::image::ImageError;

/// The words of each channel, one vector a channel: words c W .. c W + W of every beat, in the order
/// of beats.
///
/// # Errors
/// [`ImageError::Channels`] without channels or words, [`ImageError::Multiple`] when the image is
/// no whole number of beats.
pub fn stripe(
    image: &[u64],
    channels: usize,
    channel_words: usize,
) -> Result<Vec<Vec<u64>>, ImageError> {
    let beat_words = check_channels(channels, channel_words)?;
    ImageError::check_multiple("an image", beat_words, image.len())?;
    let part = |channel: usize| {
        image
            .chunks_exact(channel_words)
            .skip(channel)
            .step_by(channels)
            .collect::<Vec<_>>()
            .concat()
    };
    Ok((0..channels).map(part).collect())
}

/// The image that [`stripe`] makes these channels of.
///
/// # Errors
/// [`ImageError::Channels`] without channels or words, [`ImageError::Multiple`] when the first is
/// no whole number of `channel_words`, [`ImageError::Length`] when another has not as many words
/// as the first.
pub fn unstripe(
    channels: &[impl AsRef<[u64]>],
    channel_words: usize,
) -> Result<Vec<u64>, ImageError> {
    let beat_words = check_channels(channels.len(), channel_words)?;
    let words = channels.first().map_or(0, |first| first.as_ref().len());
    ImageError::check_multiple("a channel", channel_words, words)?;
    let mut image = vec![0; words * channels.len()];
    for (number, channel) in channels.iter().enumerate() {
        let channel = channel.as_ref();
        ImageError::check_length("a channel", words, channel.len())?;
        let beats = image.chunks_exact_mut(beat_words);
        for (beat, part) in beats.zip(channel.chunks_exact(channel_words)) {
            beat[number * channel_words..][..channel_words].copy_from_slice(part);
        }
    }
    Ok(image)
}

/// The words of a beat.
fn check_channels(channels: usize, channel_words: usize) -> Result<usize, ImageError> {
    match channels.checked_mul(channel_words) {
        Some(beat_words) if beat_words > 0 => Ok(beat_words),
        _ => Err(ImageError::Channels {
            channels,
            channel_words,
        }),
    }
}
