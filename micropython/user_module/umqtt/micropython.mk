# umqtt as a user module, for ports that are built by make.
SRC_USERMOD_C += $(USERMOD_DIR)/umqtt.c
LDFLAGS_USERMOD += $(USERMOD_DIR)/native.o
