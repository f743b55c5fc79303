import ssh2 from 'ssh2';

/** A new Ed25519 key to log in with: the private one as OpenSSH keeps it, the public one as a line of authorized_keys. */
export function makeKeyPair(comment: string): { privateKey: string; publicKey: string } {
  const { private: privateKey, public: publicKey } = ssh2.utils.generateKeyPairSync('ed25519', { comment });
  return { privateKey, publicKey };
}
