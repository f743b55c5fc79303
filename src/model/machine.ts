/** The two machines of the Yocto Project's binary distribution (Yocto's own names). */
export const machineNames = ['qemux86-64', 'qemuarm64'] as const;
export type MachineName = (typeof machineNames)[number];

/** Debian's architecture name for each machine's packages. */
export const debianArchitecture: Record<MachineName, 'amd64' | 'arm64'> = {
  'qemux86-64': 'amd64',
  qemuarm64: 'arm64',
};
