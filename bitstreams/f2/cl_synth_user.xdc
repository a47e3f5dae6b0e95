# Constraints for synthesis alone, of which there are none: the HDK's flow wants the file.
