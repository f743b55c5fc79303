# SWUpdate names the slot (boot_slot) and says that nobody has confirmed it yet (upgrade_available=1). Such a slot has three
# tries; then the other one's turn comes back. ustate is SWUpdate's: 2 while a slot is tried, 3 when it has failed.
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
  written="boot_slot upgrade_available bootcount ustate"
fi
if test "${boot_slot}" = "B"; then
  other_slot=A
else
  setenv boot_slot A
  other_slot=B
fi

if test "${upgrade_available}" = "1"; then
  if test -z "${bootcount}"; then setenv bootcount 0; fi
  if test ${bootcount} -lt 3; then
    setexpr bootcount ${bootcount} + 1
    setenv ustate 2
  else
    echo "brownout: slot ${boot_slot} has no try left"
    failed_slot=${boot_slot}
    setenv boot_slot ${other_slot}
    other_slot=${failed_slot}
    setenv upgrade_available 0
    setenv bootcount 0
    setenv ustate 3
  fi
  env export -c -s 0x4000 ${environment_at} ${written}
  fatwrite virtio 0:1 ${environment_at} uboot.env 0x4000
fi

# A confirmed slot that does not load leaves its turn to the other one; an unconfirmed one has lost a try.
tried_slots=${boot_slot}
if test "${upgrade_available}" != "1"; then
  tried_slots="${boot_slot} ${other_slot}"
fi
setenv fdt_high ${tree_most}
setenv initrd_high ${ramdisk_most}
for s in ${tried_slots}; do
  if test "${s}" = "B"; then part=3; else part=2; fi
  echo "brownout: U-Boot boots slot ${s}"
  setenv bootargs "root=/dev/vda${part} ro brownout.slot=${s} @arguments@"
  if ext4load virtio 0:${part} ${kernel_at} /boot/vmlinuz; then
    if ext4load virtio 0:${part} ${ramdisk_at} /boot/initrd.img; then
      booti ${kernel_at} ${ramdisk_at}:${filesize} ${tree_at}
    fi
  fi
  echo "brownout: slot ${s} does not load"
done
sleep 1
reset
