"""Beyond the gap: verify, install, generations, repositories, and the doctor. No network here."""
