SRC_USERMOD_C += $(USERMOD_DIR)/clock.c $(USERMOD_DIR)/select.c $(USERMOD_DIR)/time.c
