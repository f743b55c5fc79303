/** A qemuboot.conf with these values besides what each one has. */
export function conf(values: Readonly<Record<string, string>>): string {
  const all = Object.entries({ deploy_dir_image: '.', qb_default_fstype: 'ext4', ...values });
  return `[config_bsp]\n${all.map(([key, value]) => `${key} = ${value}\n`).join('')}\n`;
}

const rng = '-object rng-random,filename=/dev/urandom,id=rng0 -device virtio-rng-pci,rng=rng0';
const common = {
  qb_drive_type: '/dev/sd',
  qb_mem: '-m 256',
  qb_network_device: '-device virtio-net-pci,netdev=net0,mac=@MAC@',
  qb_cmdline_ip_slirp: 'ip=dhcp',
  qb_rng: rng,
  qb_smp: '-smp 4',
};

/** Kirkstone's names: no `.rootfs` in the name of the link. */
export const kirkstoneX86 = conf({
  ...common,
  machine: 'qemux86-64',
  tune_arch: 'x86_64',
  image_link_name: 'core-image-base-qemux86-64',
  image_name: 'core-image-base-qemux86-64-20240410101010',
  kernel_imagetype: 'bzImage',
  qb_default_kernel: 'bzImage--5.15.150+git0+0123456789-r0-qemux86-64-20240410101010.bin',
  qb_system_name: 'qemu-system-x86_64',
  qb_cpu: '-cpu IvyBridge -machine q35',
  qb_cpu_kvm: '-cpu IvyBridge -machine q35',
  qb_kernel_cmdline_append: ' oprofile.timer=1 tsc=reliable no_timer_check rcupdate.rcu_expedited=1',
  qb_opt_append: ' -usb -device usb-tablet -usb -device usb-kbd ',
  qb_serial_opt: '-serial mon:stdio -serial null',
  serial_consoles: '115200;ttyS0 115200;ttyS1',
});

/** Names from nanbield on, and a default file system that must be unpacked, as from 5.3 on. */
export const nanbieldArm64 = conf({
  ...common,
  machine: 'qemuarm64',
  tune_arch: 'aarch64',
  image_link_name: 'core-image-base-qemuarm64.rootfs',
  image_name: 'core-image-base-qemuarm64.rootfs-20240410101010',
  kernel_imagetype: 'Image',
  qb_default_kernel: 'Image',
  qb_default_fstype: 'ext4.zst',
  qb_system_name: 'qemu-system-aarch64',
  qb_machine: '-machine virt',
  qb_cpu: '-cpu cortex-a57',
  qb_cpu_kvm: '-cpu host -machine gic-version=3',
  qb_rootfs_opt: '-drive id=disk0,file=@ROOTFS@,if=none,format=raw -device virtio-blk-pci,drive=disk0',
  qb_opt_append: '-device qemu-xhci -device usb-tablet -device usb-kbd',
  qb_graphics: '-device virtio-gpu-pci',
  qb_serial_opt: '-device virtio-serial-pci -chardev null,id=virtcon -device virtconsole,chardev=virtcon',
  qb_tcpserial_opt:
    '-device virtio-serial-pci -chardev socket,id=virtcon,port=@PORT@,host=127.0.0.1 -device virtconsole,chardev=virtcon',
  serial_consoles: '115200;ttyAMA0 115200;hvc0',
});
