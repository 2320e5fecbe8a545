"""What the tools of ZFS and of its host print, read without asking anybody."""
