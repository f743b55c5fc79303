# Nothing is upgraded but what is on the data partition: slot A, always.
setenv bootargs "root=/dev/vda2 ro @arguments@"
ext4load virtio 0:2 ${kernel_addr_r} /boot/vmlinuz
ext4load virtio 0:2 ${ramdisk_addr_r} /boot/initrd.img
booti ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${fdtcontroladdr}
