//! From text to tokens and back.

use crate::model::ModelError;
use std::collections::HashMap;

/// The texts of a model's tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct Vocabulary {
    /// The text of each token.
    pub tokens: Vec<String>,
    /// The token before a text; the one behind it.
    pub start: usize,
    /// The token that ends a text.
    pub end: usize,
    /// How a text is cut.
    pub cut: Cut,
}

/// How a text is cut into tokens.
#[derive(Debug, Clone, PartialEq)]
pub enum Cut {
    /// At each place the longest token that fits.
    Longest,
    /// As SentencePiece's byte pair encoding does: from characters, joining neighbours into the token of the best
    /// score as long as there is one (Sennrich et al., 2016). A blank goes before the text; bytes that no token
    /// has are tokens `<0x..>`.
    Pairs(Vec<f32>),
}

impl Vocabulary {
    /// The tokens of a text, the first one included.
    ///
    /// # Errors
    /// [`ModelError::Vocabulary`] names what is no token.
    pub fn encode(&self, text: &str) -> Result<Vec<usize>, ModelError> {
        let mut tokens = vec![self.start];
        match &self.cut {
            Cut::Longest => self.longest(text, &mut tokens)?,
            Cut::Pairs(scores) => self.pairs(text, scores, &mut tokens)?,
        }
        Ok(tokens)
    }

    fn longest(&self, mut left: &str, tokens: &mut Vec<usize>) -> Result<(), ModelError> {
        while let Some(first) = left.chars().next() {
            let fits = |(number, token): (usize, &String)| {
                let special = number == self.start || number == self.end;
                let fits = !special && !token.is_empty() && left.starts_with(token.as_str());
                fits.then_some((token.len(), number))
            };
            let longest = self.tokens.iter().enumerate().filter_map(fits).max();
            let (length, number) = longest.ok_or_else(|| ModelError::Vocabulary {
                found: first.to_string(),
            })?;
            tokens.push(number);
            left = left.get(length..).unwrap_or_default();
        }
        Ok(())
    }

    fn pairs(&self, text: &str, scores: &[f32], tokens: &mut Vec<usize>) -> Result<(), ModelError> {
        if text.is_empty() {
            return Ok(());
        }
        let numbers: HashMap<&str, usize> =
            self.tokens.iter().map(String::as_str).zip(0..).collect();
        let number = |text: &str| numbers.get(text).copied();
        let mut parts: Vec<usize> = Vec::new();
        for character in std::iter::once(' ').chain(text.chars()) {
            let text = character.to_string();
            if let Some(number) = number(&text) {
                parts.push(number);
                continue;
            }
            for byte in text.bytes() {
                let byte = number(&format!("<0x{byte:02X}>"));
                parts.push(byte.ok_or_else(|| ModelError::Vocabulary {
                    found: text.clone(),
                })?);
            }
        }
        let token = |number: usize| self.tokens.get(number).map_or("", String::as_str);
        loop {
            let mut best: Option<(f32, usize, usize)> = None;
            for (at, pair) in parts.windows(2).enumerate() {
                let joined: String = pair.iter().map(|&part| token(part)).collect();
                if let Some(number) = number(&joined)
                    && let Some(&score) = scores.get(number)
                    && best.is_none_or(|(best, ..)| score > best)
                {
                    best = Some((score, at, number));
                }
            }
            let Some((_, at, number)) = best else { break };
            parts.splice(at..at + 2, [number]);
        }
        tokens.extend(parts);
        Ok(())
    }

    /// The text of tokens that follow each other.
    #[must_use]
    pub fn decode(&self, tokens: &[usize]) -> String {
        let mut bytes = Vec::new();
        let mut before = None;
        for &token in tokens {
            let text = self.tokens.get(token).map_or("", String::as_str);
            let special = token == self.start || token == self.end;
            let byte = text
                .strip_prefix("<0x")
                .and_then(|text| text.strip_suffix('>'));
            let byte = byte.and_then(|digits| u8::from_str_radix(digits, 16).ok());
            match (&self.cut, byte) {
                _ if special => (),
                (Cut::Pairs(_), Some(byte)) => bytes.push(byte),
                // The blank before a text is not the text's.
                (Cut::Pairs(_), None) if before == Some(self.start) => {
                    bytes.extend(text.strip_prefix(' ').unwrap_or(text).bytes());
                }
                _ => bytes.extend(text.bytes()),
            }
            before = Some(token);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary(tokens: &[&str], cut: Cut) -> Vocabulary {
        Vocabulary {
            tokens: tokens.iter().map(|&token| token.to_owned()).collect(),
            start: 0,
            end: 1,
            cut,
        }
    }

    #[test]
    fn the_longest_token_is_taken() {
        let words = vocabulary(&["<", ">", "a", "b", "ab", "<"], Cut::Longest);
        assert_eq!(words.encode("abba").unwrap(), [0, 4, 3, 2]);
        assert_eq!(words.encode("").unwrap(), [0]);
        let error = words.encode("abc").unwrap_err();
        assert!(
            matches!(&error, ModelError::Vocabulary { found } if found == "c"),
            "{error}"
        );
        assert_eq!(words.decode(&[0, 4, 3, 2, 1]), "abba");
    }

    #[test]
    fn pairs_are_joined_by_their_scores() {
        let tokens = ["<s>", "</s>", " ", "a", "b", " a", "ab", "<0xC3>", "<0xA9>"];
        let scores = vec![0.0, 0.0, -1.0, -1.0, -1.0, -0.5, -0.2, 0.0, 0.0];
        let words = vocabulary(&tokens, Cut::Pairs(scores));
        // " " "a" "b": "ab" is better than " a".
        assert_eq!(words.encode("ab").unwrap(), [0, 2, 6]);
        assert_eq!(words.encode("aa").unwrap(), [0, 5, 3]);
        assert_eq!(words.encode("é").unwrap(), [0, 2, 7, 8]);
        for text in ["ab", "aa", "é", "a b"] {
            assert_eq!(words.decode(&words.encode(text).unwrap()), text);
        }
    }
}
