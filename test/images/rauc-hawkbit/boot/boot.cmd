# Three tries for each slot: the counter goes down here and "rauc status mark-good" puts it back.
# While this script runs, the environment is what the file holds, so that the product's own variables stay in it.
# What U-Boot itself needs later is kept beside it, in variables of this script.
environment_at=0x4c000000
kernel_at=${kernel_addr_r}
ramdisk_at=${ramdisk_addr_r}
tree_at=${fdtcontroladdr}
tree_most=${fdt_high}
ramdisk_most=${initrd_high}

if fatload virtio 0:1 ${environment_at} uboot.env; then
  if env import -d -c ${environment_at} ${filesize}; then
    readable=yes
  fi
fi
# Names that are written; none: all. Where nothing could be read, all would be U-Boot's own.
if test "${readable}" != "yes"; then
  written="BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT"
fi
# An order that names no slot is none.
for s in ${BOOT_ORDER}; do
  if test "${s}" = "A" || test "${s}" = "B"; then named=yes; fi
done
if test "${named}" != "yes"; then setenv BOOT_ORDER "A B"; fi
if test -z "${BOOT_A_LEFT}"; then setenv BOOT_A_LEFT 3; fi
if test -z "${BOOT_B_LEFT}"; then setenv BOOT_B_LEFT 3; fi

for s in ${BOOT_ORDER}; do
  if test -n "${chosen_slot}"; then
    true
  elif test "${s}" = "A" && test ${BOOT_A_LEFT} -gt 0; then
    setexpr BOOT_A_LEFT ${BOOT_A_LEFT} - 1
    chosen_slot=A
    chosen_part=2
  elif test "${s}" = "B" && test ${BOOT_B_LEFT} -gt 0; then
    setexpr BOOT_B_LEFT ${BOOT_B_LEFT} - 1
    chosen_slot=B
    chosen_part=3
  fi
done

if test -z "${chosen_slot}"; then
  echo "brownout: no slot has a try left; starting over"
  setenv BOOT_A_LEFT 3
  setenv BOOT_B_LEFT 3
  env export -c -s 0x4000 ${environment_at} ${written}
  fatwrite virtio 0:1 ${environment_at} uboot.env 0x4000
  reset
fi
env export -c -s 0x4000 ${environment_at} ${written}
fatwrite virtio 0:1 ${environment_at} uboot.env 0x4000

echo "brownout: U-Boot boots slot ${chosen_slot}"
setenv fdt_high ${tree_most}
setenv initrd_high ${ramdisk_most}
setenv bootargs "root=/dev/vda${chosen_part} ro rauc.slot=${chosen_slot} @arguments@"
if ext4load virtio 0:${chosen_part} ${kernel_at} /boot/vmlinuz; then
  if ext4load virtio 0:${chosen_part} ${ramdisk_at} /boot/initrd.img; then
    booti ${kernel_at} ${ramdisk_at}:${filesize} ${tree_at}
  fi
fi
echo "brownout: slot ${chosen_slot} does not load"
sleep 1
reset
