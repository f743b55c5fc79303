# Three tries for each slot: the counter goes down here and "rauc status mark-good" puts it back.
setenv BOOT_ORDER "A B"
setenv BOOT_A_LEFT 3
setenv BOOT_B_LEFT 3
setenv envaddr 0x4c000000
if fatload virtio 0:1 ${envaddr} uboot.env; then
  env import -c ${envaddr} ${filesize} BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT
fi

setenv slot
for s in ${BOOT_ORDER}; do
  if test -n "${slot}"; then
    true
  elif test "${s}" = "A" && test ${BOOT_A_LEFT} -gt 0; then
    setexpr BOOT_A_LEFT ${BOOT_A_LEFT} - 1
    setenv slot A
    setenv part 2
  elif test "${s}" = "B" && test ${BOOT_B_LEFT} -gt 0; then
    setexpr BOOT_B_LEFT ${BOOT_B_LEFT} - 1
    setenv slot B
    setenv part 3
  fi
done

if test -z "${slot}"; then
  echo "brownout: no slot has a try left; starting over"
  setenv BOOT_A_LEFT 3
  setenv BOOT_B_LEFT 3
  env export -c -s 0x4000 ${envaddr} BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT
  fatwrite virtio 0:1 ${envaddr} uboot.env 0x4000
  reset
fi
env export -c -s 0x4000 ${envaddr} BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT
fatwrite virtio 0:1 ${envaddr} uboot.env 0x4000

echo "brownout: U-Boot boots slot ${slot}"
setenv bootargs "root=/dev/vda${part} ro rauc.slot=${slot} @arguments@"
if ext4load virtio 0:${part} ${kernel_addr_r} /boot/vmlinuz; then
  if ext4load virtio 0:${part} ${ramdisk_addr_r} /boot/initrd.img; then
    booti ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${fdtcontroladdr}
  fi
fi
echo "brownout: slot ${slot} does not load"
sleep 1
reset
