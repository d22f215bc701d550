"""Plans that change along the denoising."""
