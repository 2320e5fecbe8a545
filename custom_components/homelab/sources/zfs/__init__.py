"""ZFS hosts: pools, their vdevs and disks, and their datasets."""
