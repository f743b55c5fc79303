import ssh2 from 'ssh2';

/**
 * A new Ed25519 key to log in with: the private one as OpenSSH keeps it, the public one as a line of authorized_keys.
 * One key in 256 begins with a zero byte, which ssh2 leaves out (its issue 1513), and no program reads that one.
 */
export function makeKeyPair(comment: string): { privateKey: string; publicKey: string } {
  for (;;) {
    const { private: privateKey, public: publicKey } = ssh2.utils.generateKeyPairSync('ed25519', { comment });
    const read = [privateKey, publicKey].map((key) => ssh2.utils.parseKey(key));
    if (!read.some((key) => key instanceof Error)) return { privateKey, publicKey };
  }
}
