# The HDK's build_all.tcl reads this before synthesis. Our sources are open: nothing is encrypted.
