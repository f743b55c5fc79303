# The choice lies on the ext4 of /data, which Linux writes; U-Boot reads it without a replay of the journal.
setenv envaddr 0x4c000000
setenv slot A
setenv part 2
if ext4load virtio 0:4 ${envaddr} /loader/active; then
  env import -t ${envaddr} ${filesize} slot
fi
if test "${slot}" = "B"; then
  setenv part 3
fi

echo "brownout: U-Boot boots slot ${slot}"
setenv bootargs "root=/dev/vda${part} ro rauc.slot=${slot} @arguments@"
if ext4load virtio 0:${part} ${kernel_addr_r} /boot/vmlinuz; then
  if ext4load virtio 0:${part} ${ramdisk_addr_r} /boot/initrd.img; then
    booti ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${fdtcontroladdr}
  fi
fi
echo "brownout: slot ${slot} does not load"
poweroff
