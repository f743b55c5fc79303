# Mender's side of U-Boot: boot counter and alternative boot command (meta-mender), as a script, since Debian's U-Boot has none
# of them. The environment is one file on the FAT partition, with no copy, as edi-pi's is. While this script runs, the
# environment is what the file holds. What U-Boot itself needs later is kept beside it, in variables of this script.
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
# Names that are written; none: all. Where nothing could be read, all would be U-Boot's own, and a U-Boot of Mender's would
# go by the environment that it was built with.
if test "${readable}" != "yes"; then
  echo "brownout: the environment cannot be read"
  written="bootcount bootlimit mender_boot_part mender_boot_part_hex mender_check_saveenv_canary mender_saveenv_canary upgrade_available"
  setenv mender_check_saveenv_canary 1
fi
if test "${mender_boot_part}" != "4"; then setenv mender_boot_part 3; fi
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
    if test "${mender_boot_part}" = "4"; then
      setenv mender_boot_part 3
    else
      setenv mender_boot_part 4
    fi
    setenv mender_boot_part_hex ${mender_boot_part}
    setenv upgrade_available 0
  fi
fi
if test "${changed}" = "yes"; then
  env export -c -s 0x4000 ${environment_at} ${written}
  fatwrite virtio 0:1 ${environment_at} uboot.env 0x4000
fi

if test "${mender_boot_part}" = "4"; then slot=B; else slot=A; fi
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
