# sshd's ForceCommand on a target: writes down what was asked for, then becomes the user's shell exactly
# as sshd would have started it. One process, no fork: process group, descriptors and bytes stay the same.
# Nothing is loaded but the smallest of modules: each costs every command a millisecond or more.
use strict;

my $command = delete $ENV{SSH_ORIGINAL_COMMAND};
delete $ENV{PERL_BADLANG};
my ($user, $shell) = (getpwuid($<))[0, 8];
my $encoded = defined $command ? '"' . encode($command) . '"' : 'null';
my $line = sprintf(qq({"time": %d, "user": "%s", "base64": %s}\n), time, $user, $encoded);

# One write to a file opened for appending: lines of sessions that run at the same time do not mix.
open(my $log, '>>', '/lab/commands.jsonl') or die "lab: cannot open the command log: $!\n";
syswrite($log, $line) == length($line) or die "lab: cannot write the command log: $!\n";
close($log);

my ($name) = $shell =~ m{([^/]+)$};
if (defined $command) { exec {$shell} $name, '-c', $command }
else { exec {$shell} "-$name" }
die "lab: cannot run $shell: $!\n";

sub encode {
    my $lines = pack('u', $_[0]);    # uuencode differs from base64 in its alphabet and its length marks
    $lines =~ s/^.//mg;
    $lines =~ s/\n//g;
    $lines =~ tr{` -_}{AA-Za-z0-9+/};
    my $padding = (3 - length($_[0]) % 3) % 3;
    substr($lines, -$padding) = '=' x $padding if $padding;
    return $lines;
}
