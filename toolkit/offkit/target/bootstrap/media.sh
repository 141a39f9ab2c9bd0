close_media() { :; }

