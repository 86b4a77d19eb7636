/** Callers that do what Node cannot: keep a connection over fork and exec. Perl is part of every Debian and most others. */

/** `SOCKET`: connects, leaves the connection to a child that goes on until the other side closes it, and ends. */
export const CONNECT_AND_LEAVE = `
  use IO::Socket::UNIX;
  my $socket = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "cannot connect: $!";
  exit 0 if fork;
  sysread $socket, my $end, 1;
`;

/** `SOCKET PROGRAM ARGS...`: connects, says so, and becomes the program when its input has a line, the connection open. */
export const CONNECT_AND_EXEC = `
  use IO::Socket::UNIX;
  $^F = 255;
  $| = 1;
  my $socket = IO::Socket::UNIX->new(Peer => shift @ARGV) or die "cannot connect: $!";
  print "connected\\n";
  sysread STDIN, my $line, 1;
  exec @ARGV or die "cannot exec: $!";
`;
