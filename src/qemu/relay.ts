import { quote } from '../core/quote.ts';

/**
 * One connection of a guest to a port of the host's loopback: QEMU starts this for each, with the guest's side as
 * standard input and output. It ends with the server's side of the connection, or when the guest's is broken.
 *
 * Why perl, which is an essential package of Debian: a guest may open as many connections as it likes, and this takes
 * 10 ms and 7 MB a connection, where node takes 130 ms and 40 MB. A shell cannot close one direction alone.
 */
const program = [
  'use Socket',
  'socket(my $server, PF_INET, SOCK_STREAM, 0) or exit 1',
  'connect($server, pack_sockaddr_in(shift, INADDR_LOOPBACK)) or exit 1',
  'my ($guest, $host, $watched) = (0, fileno($server), "")',
  'vec($watched, $_, 1) = 1 for $guest, $host',
  'sub pass { my ($to, $bytes) = @_; while (length $bytes) { substr($bytes, 0, syswrite($to, $bytes) || exit) = "" } }',
  'while (select(my $ready = $watched, undef, undef, undef) > 0) {' +
    ' if (vec($ready, $host, 1)) { sysread($server, my $bytes, 65536) or exit; pass(\\*STDOUT, $bytes) }' +
    ' if (vec($ready, $guest, 1)) {' +
    ' if (sysread(STDIN, my $bytes, 65536)) { pass($server, $bytes) }' +
    ' else { shutdown($server, 1); vec($watched, $guest, 1) = 0 } } }',
].join('; ');

/** The command line, in the quoting of a shell, that connects its standard input and output with a loopback port. */
export function relayTo(port: number): string {
  return `perl -e ${quote(program)} ${port}`;
}
