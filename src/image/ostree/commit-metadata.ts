/** Of a commit's detached metadata, which has the signatures (ostree 2025.2, ostree-repo-commit.c). */
const signaturesKey = 'ostree.gpgsigs';

/**
 * The file `<checksum>.commitmeta` with these OpenPGP signatures of a commit: a GVariant of type a{sv}, whose one entry is
 * an array of byte strings (GVariant specification, "Serialisation of containers": what comes after an element that has no
 * fixed size is found by offsets at the container's end, each as wide as the container's length needs).
 */
export function commitMetadata(signatures: readonly Uint8Array[]): Buffer {
  const variant = Buffer.concat([arrayOf(signatures, 1), Buffer.from('\0aay')]);
  const key = Buffer.from(`${signaturesKey}\0`);
  // The value is a variant, which begins at a multiple of 8.
  const entry = withOffsets(Buffer.concat([padded(key, 8), variant]), [key.length]);
  return arrayOf([entry], 8);
}

/** An array of elements without a fixed size: each is aligned, and the end of each is noted behind them. */
function arrayOf(elements: readonly Uint8Array[], alignment: number): Buffer {
  let body = Buffer.alloc(0);
  const ends: number[] = [];
  for (const element of elements) {
    body = Buffer.concat([padded(body, alignment), element]);
    ends.push(body.length);
  }
  return withOffsets(body, ends);
}

function withOffsets(body: Buffer, offsets: readonly number[]): Buffer {
  const width =
    ([1, 2, 4] as const).find((bytes) => body.length + offsets.length * bytes < 2 ** (8 * bytes)) ?? 8;
  const tail = Buffer.alloc(offsets.length * width);
  offsets.forEach((offset, i) => {
    if (width === 8) tail.writeBigUInt64LE(BigInt(offset), i * width);
    else tail.writeUIntLE(offset, i * width, width);
  });
  return Buffer.concat([body, tail]);
}

function padded(bytes: Buffer, alignment: number): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((alignment - (bytes.length % alignment)) % alignment)]);
}
