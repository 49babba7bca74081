"""The main job: gap -> context -> canvas -> denoise -> repair -> ranked fills. Knows no editor and no file system."""
