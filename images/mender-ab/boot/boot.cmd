# Mender's side of U-Boot: its redundant environment, boot counter and alternative boot command (meta-mender), as a script,
# since Debian's U-Boot has none of them. While this script runs, the environment is what the newer copy holds. What U-Boot
# itself needs later is kept beside it, in variables of this script.
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
  written="bootcount bootlimit mender_boot_part mender_boot_part_hex mender_check_saveenv_canary mender_saveenv_canary upgrade_available"
  setenv mender_check_saveenv_canary 1
fi
if test "${mender_boot_part}" != "3"; then setenv mender_boot_part 2; fi
if test -z "${mender_boot_part_hex}"; then setenv mender_boot_part_hex ${mender_boot_part}; fi
if test -z "${bootcount}"; then setenv bootcount 0; fi
if test -z "${bootlimit}"; then setenv bootlimit 1; fi
if test -z "${upgrade_available}"; then setenv upgrade_available 0; fi

# Userland goes on only if it sees what U-Boot has written.
if test "${mender_saveenv_canary}" != "1"; then
  setenv mender_saveenv_canary 1
  changed=yes
fi
if test "${upgrade_available}" = "1"; then
  setexpr bootcount ${bootcount} + 1
  changed=yes
  if test ${bootcount} -gt ${bootlimit}; then
    echo "brownout: the release on partition ${mender_boot_part} was not committed"
    if test "${mender_boot_part}" = "3"; then
      setenv mender_boot_part 2
    else
      setenv mender_boot_part 3
    fi
    setenv mender_boot_part_hex ${mender_boot_part}
    setenv upgrade_available 0
  fi
fi
if test "${changed}" = "yes"; then
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

if test "${mender_boot_part}" = "3"; then slot=B; else slot=A; fi
echo "brownout: U-Boot boots slot ${slot}"
part=${mender_boot_part}
setenv fdt_high ${tree_most}
setenv initrd_high ${ramdisk_most}
setenv bootargs "root=/dev/vda${part} ro brownout.slot=${slot} @arguments@"
if ext4load virtio 0:${part} ${kernel_at} /boot/vmlinuz; then
  if ext4load virtio 0:${part} ${ramdisk_at} /boot/initrd.img; then
    booti ${kernel_at} ${ramdisk_at}:${filesize} ${tree_at}
  fi
fi
# Where it was not committed, the next start counts once more.
echo "brownout: slot ${slot} does not load"
sleep 1
reset
