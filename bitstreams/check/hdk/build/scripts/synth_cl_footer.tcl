# Plays the HDK's file of this name.
write_checkpoint -force [file join $checkpoints_dir $CL.$TAG.post_synth.dcp]
