# SWUpdate names the slot (boot_slot) and says that nobody has confirmed it yet (upgrade_available=1). Such a slot has three
# tries; then the other one's turn comes back. ustate is SWUpdate's: 2 while a slot is tried, 3 when it has failed.
# While this script runs, the environment is what the newer copy holds, so that the product's own variables stay in it.
# What U-Boot itself needs later is kept beside it, in variables of this script.
kernel_at=${kernel_addr_r}
ramdisk_at=${ramdisk_addr_r}
tree_at=${fdtcontroladdr}
tree_most=${fdt_high}
ramdisk_most=${initrd_high}

# Two copies of 0x4000 bytes at bytes 0x40000 and 0x80000 of the disk: a sum of 4 bytes, a counter, and the variables. The
# counter is kept at 0x4c020000 and 0x4c020001; then the sum moves up to the variables, where "env import -c" expects it.
virtio dev 0
virtio read 0x4c000000 0x200 0x20
virtio read 0x4c010000 0x400 0x20
cp.b 0x4c000004 0x4c020000 1
cp.b 0x4c010004 0x4c020001 1
cp.b 0x4c000000 0x4c020010 4
cp.b 0x4c020010 0x4c000001 4
cp.b 0x4c010000 0x4c020010 4
cp.b 0x4c020010 0x4c010001 4

# The counter goes from 0xff to 0.
copies="0x4c000001 0x4c010001"
if itest.b *0x4c020001 > *0x4c020000; then copies="0x4c010001 0x4c000001"; fi
if itest.b *0x4c020000 == 0xff && itest.b *0x4c020001 == 0; then copies="0x4c010001 0x4c000001"; fi
if itest.b *0x4c020001 == 0xff && itest.b *0x4c020000 == 0; then copies="0x4c000001 0x4c010001"; fi
for copy in ${copies}; do
  if test -z "${current}"; then
    if env import -d -c ${copy} 0x3fff; then current=${copy}; fi
  fi
done

# Names that are written; none: all. Where nothing could be read, all would be U-Boot's own.
if test -z "${current}"; then
  echo "brownout: no copy of the environment can be read"
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
  # Over the older copy, with the next count.
  if test "${current}" = "0x4c000001"; then
    setexpr.b count *0x4c020000 + 1
    block=0x400
  else
    setexpr.b count *0x4c020001 + 1
    block=0x200
  fi
  count_now=${count}
  setenv count
  env export -c -s 0x3fff 0x4c030001 ${written}
  cp.b 0x4c030001 0x4c020010 4
  cp.b 0x4c020010 0x4c030000 4
  mw.b 0x4c030004 ${count_now} 1
  virtio write 0x4c030000 ${block} 0x20
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
