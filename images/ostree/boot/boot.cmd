# Counts as FullMetalUpdate's devices do: init_var is taken away by whoever deploys a release; success is 1 once it is in use.
# Until then it has three starts, and then the deployment after it is taken. A release in use starts without a write.
# While this script counts, the environment is what the file holds, so that the product's own variables stay in it.
environment_at=0x4c000000
entries_at=0x4c800000
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
  written="init_var success trials"
fi

entry=first
count=no
if test -z "${init_var}"; then
  setenv init_var 1
  setenv success 0
  setenv trials 0
  count=yes
elif test "${success}" != "1"; then
  if test "${trials}" -lt 2; then
    setexpr trials ${trials} + 1
    count=yes
  else
    entry=second
  fi
fi
if test "${count}" = "yes"; then
  env export -c -s 0x4000 ${environment_at} ${written}
  fatwrite virtio 0:1 ${environment_at} uboot.env 0x4000
fi

setenv fdt_high ${tree_most}
setenv initrd_high ${ramdisk_most}
if ext4load virtio 0:2 ${entries_at} /boot/loader/uEnv.txt; then
  env import -t ${entries_at} ${filesize}
fi
if test "${entry}" = "second" && test -n "${kernel_image2}"; then
  echo "brownout: U-Boot goes back to the deployment before"
  setenv kernel_image ${kernel_image2}
  setenv ramdisk_image ${ramdisk_image2}
  setenv bootargs ${bootargs2}
fi
if ext4load virtio 0:2 ${kernel_at} ${kernel_image}; then
  if ext4load virtio 0:2 ${ramdisk_at} ${ramdisk_image}; then
    booti ${kernel_at} ${ramdisk_at}:${filesize} ${tree_at}
  fi
fi
echo "brownout: the ${entry} deployment does not load"
sleep 1
reset
