# Plays the HDK's file of this name: the project is its own.
create_project -in_memory -part $DEVICE_TYPE -force
