# A plugin of pt-archiver (Percona Toolkit) that asks freno before each transaction. Its manual is
# below: perldoc FrenoThrottler.pm
package FrenoThrottler;

use strict;
use warnings;
use HTTP::Tiny;
use Scalar::Util qw(weaken);
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC sleep);

use constant {
   REQUEST_TIMEOUT => 2,      # seconds
   FIRST_PAUSE     => 0.1,    # freno has a new value every 50 ms
   LONGEST_PAUSE   => 2,
   KEEPALIVE_EVERY => 60,     # seconds: of the connection to the source
   FIRST_REPORT    => 10,     # seconds of waiting before the first report, and between later ones
   REPORT_EVERY    => 60,
   ASK_AGAIN_EVERY => 1,      # seconds, while going on without a response
};

# Responses of freno itself. Every other status means that freno is unreachable: no connection
# (599), or a load balancer without a leader (502 to 504).
my %GO_ON = map { $_ => 1 } 200;
my %WAIT  = map { $_ => 1 } 400, 404, 417, 429, 500;

sub new {
   my ($class, %args) = @_;
   my $self = bless {
      dbh               => $args{dbh},
      options           => $args{OptionParser},
      url               => _url(),
      http              => HTTP::Tiny->new(timeout => REQUEST_TIMEOUT, agent => 'FrenoThrottler'),
      max_wait          => _seconds('FRENO_MAX_WAIT', 0),
      unreachable       => _one_of('FRENO_UNREACHABLE', qw(wait die proceed)),
      unreachable_after => _seconds('FRENO_UNREACHABLE_AFTER', 60),
      in_transaction    => 0,
      checks            => 0,
      waited            => 0,
   }, $class;
   $self->_watch_transactions;
   return $self;
}

sub before_begin {
   my ($self) = @_;
   $self->{began_at} = _now();
   return;
}

# Called before each row is archived. It may wait only between two transactions: within one, rows
# are locked.
sub is_archivable {
   my ($self) = @_;
   return 1 if $self->{in_transaction};
   my $may_go_on = $self->_wait_for_permission;
   $self->{in_transaction} = !$self->{dbh}->{AutoCommit};
   return $may_go_on;
}

sub after_finish {
   my ($self) = @_;
   my $options = $self->{options};
   return if $options && $options->get('quiet');
   return $self->_report;
}

# The rest of the interface; nothing to do.
sub before_delete      { return }
sub before_bulk_delete { return }

sub _report {
   my ($self) = @_;
   return _log('asked freno %d times, waited %.1f s', @$self{qw(checks waited)});
}

sub _watch_transactions {
   my ($self) = @_;
   my $plugin = $self;
   weaken($plugin);
   my $ended = sub { $plugin->{in_transaction} = 0 if $plugin; return };
   my $dbh = $self->{dbh};
   $dbh->{Callbacks} = { %{ $dbh->{Callbacks} || {} }, commit => $ended, rollback => $ended };
   return;
}

# Returns 1 when rows may be archived, 0 when pt-archiver has to end meanwhile. Dies when the wait
# exceeds FRENO_MAX_WAIT.
sub _wait_for_permission {
   my ($self) = @_;
   my $signalled = 0;
   my %handlers  = _signal_handlers();
   local @SIG{keys %handlers} = map {
      my $handler = $_;
      sub { $signalled = 1; $handler->(@_) }
   } values %handlers;

   my $began_at  = _now();
   my $kept_at   = $began_at;
   my $report_at = $began_at + FIRST_REPORT;
   my $pause     = FIRST_PAUSE;
   until ($self->_may_go_on) {
      $self->{waited} += sleep($pause * (0.8 + rand(0.4)));
      $pause = LONGEST_PAUSE if ($pause *= 1.5) > LONGEST_PAUSE;
      my $now = _now();
      return $self->_give_up_row if $signalled || $self->_must_end($now);
      my $waited = $now - $began_at;
      die sprintf "FrenoThrottler: waited %.0f s (FRENO_MAX_WAIT); last response: %s\n",
         $waited, $self->{response}
         if $self->{max_wait} && $waited >= $self->{max_wait};
      if ($now >= $report_at) {
         _log("waited %.0f s; last response: %s", $waited, $self->{response});
         $report_at = $now + REPORT_EVERY;
      }
      if ($now >= $kept_at + KEEPALIVE_EVERY) {
         $self->{dbh}->do("SELECT 'FrenoThrottler keepalive'");
         $kept_at = $now;
      }
   }
   return 1;
}

sub _may_go_on {
   my ($self) = @_;
   return 1 if $self->{proceeding_until} && _now() < $self->{proceeding_until};
   $self->{checks}++;
   my $response = $self->{http}->get($self->{url});
   my $status   = $response->{status};
   ($self->{response} = "$status " . ($response->{content} // '')) =~ s/\s+\z//;
   if ($GO_ON{$status} || $WAIT{$status}) {
      _log('freno responds again: %s', $self->{response}) if $self->{unreachable_since};
      delete @$self{qw(unreachable_since proceeding_until)};
      return $GO_ON{$status};
   }
   return $self->_unreachable;
}

# freno does not respond. Returns 1 to go on nevertheless.
sub _unreachable {
   my ($self) = @_;
   my $now = _now();
   if (!$self->{unreachable_since}) {
      $self->{unreachable_since} = $now;
      _log('%s does not respond: %s', $self->{url}, $self->{response});
   }
   return 0 if $self->{unreachable} eq 'wait';
   return 0 if $now - $self->{unreachable_since} < $self->{unreachable_after};
   die sprintf "FrenoThrottler: no response for %.0f s (FRENO_UNREACHABLE=die): %s\n",
      $now - $self->{unreachable_since}, $self->{response}
      if $self->{unreachable} eq 'die';
   _log('goes on WITHOUT freno (FRENO_UNREACHABLE=proceed)') if !$self->{proceeding_until};
   $self->{proceeding_until} = $now + ASK_AGAIN_EVERY;
   return 1;
}

# pt-archiver checks its own reasons to end only between two rows.
sub _must_end {
   my ($self, $now) = @_;
   my $options = $self->{options} or return 0;
   my $run_time = $options->get('run-time');
   return 1 if $run_time && $now - $self->{began_at} >= $run_time;
   my $sentinel = $options->get('sentinel');
   return defined $sentinel && -f $sentinel;
}

# The handlers of pt-archiver, which end it after the current row.
sub _signal_handlers {
   my %handlers;
   for my $signal (qw(HUP INT TERM)) {
      my $handler = $SIG{$signal} // '';
      if (!ref $handler) {
         $handler = main->can($handler =~ s/\Amain:://r);
      }
      $handlers{$signal} = $handler if $handler;
   }
   return %handlers;
}

# The row stays where it is, and pt-archiver ends by itself at the next one. Not with bulk deletes:
# they delete the whole range of rows, rows that were not archived included.
sub _give_up_row {
   my ($self) = @_;
   my $options = $self->{options};
   die "FrenoThrottler: stopped while it waited for freno\n"
      if !$options || $options->get('bulk-delete') || $options->get('bulk-insert');
   return 0;
}

sub _url {
   my ($base, $store) = map {
      my $value = $ENV{$_};
      die "FrenoThrottler: the environment must set $_; see 'perldoc FrenoThrottler'\n"
         if !defined $value || $value eq '';
      $value;
   } qw(FRENO_URL FRENO_STORE);
   my $app = $ENV{FRENO_APP} || 'pt-archiver';
   $base =~ s{/+\z}{};
   my $priority = _one_of('FRENO_PRIORITY', qw(normal low));
   my $query = $priority eq 'low' ? '?p=low' : '';
   return sprintf '%s/check/%s/mysql/%s%s', $base, _encoded($app), _encoded($store), $query;
}

# The first is the default.
sub _one_of {
   my ($name, @values) = @_;
   my $value = $ENV{$name} || $values[0];
   return $value if grep { $_ eq $value } @values;
   die "FrenoThrottler: $name is '$value', it must be one of: @values\n";
}

sub _seconds {
   my ($name, $default) = @_;
   my $value = $ENV{$name} // $default;
   return $value if $value =~ /\A\d+(?:\.\d+)?\z/;
   die "FrenoThrottler: $name is '$value', it must be a number of seconds\n";
}

sub _encoded {
   my ($text) = @_;
   utf8::encode($text) if utf8::is_utf8($text);
   $text =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ge;
   return $text;
}

sub _log {
   my ($format, @values) = @_;
   printf STDERR "FrenoThrottler: $format\n", @values;
   return;
}

sub _now { return clock_gettime(CLOCK_MONOTONIC) }

1;

__END__

=encoding utf8

=head1 NAME

FrenoThrottler - makes pt-archiver wait while freno throttles it

=head1 SYNOPSIS

   export FRENO_URL=http://freno.example.com:8087 FRENO_STORE=main
   PERL5LIB=/usr/share/freno/pt-archiver pt-archiver \
      --source h=db1,D=shop,t=orders,m=FrenoThrottler --purge \
      --where 'created_at < now() - interval 1 year' --limit 100 --commit-each

=head1 DESCRIPTION

A plugin for the source of pt-archiver (C<m=FrenoThrottler>; see EXTENDING in its manual).
Before the first row of each transaction it requests C</check/E<lt>appE<gt>/mysql/E<lt>storeE<gt>>
from freno, and lets rows pass only after status 200. After any other status it waits and asks
again, after 0.1 s at first and then every 2 s at most. It reports why it waits after 10 s, and then
every minute: it waits for a store that freno does not know (404) in the same way as for an election.

A transaction is what pt-archiver commits at once: 100 rows with C<--limit 100 --commit-each>, also
with C<--txn-size 100>; by default one row, so that it asks freno for every row. Small transactions
react fastest; some hundred rows are a good size. The plugin never waits within a transaction, where
it would keep rows locked. While it waits, the read view of pt-archiver's SELECT stays open, as with
C<--max-lag>.

With a plugin at the source pt-archiver selects rows "strictly greater" than the last one: use a
unique index.

=head1 ENVIRONMENT

pt-archiver passes no arguments to plugins, so the settings are environment variables.

=over

=item FRENO_URL

Address of freno, or of the load balancer in front of it: C<http://freno:8087>. Required.

=item FRENO_STORE

Name of the cluster in freno's configuration whose replicas must keep up. Required.

=item FRENO_APP

The name of this job for freno's operators, C<pt-archiver> by default. They slow it down or stop it
with C</throttle-app/E<lt>appE<gt>>.

=item FRENO_PRIORITY

C<low>: jobs of normal priority go first. The default is C<normal>.

=item FRENO_MAX_WAIT

Seconds after which a single wait ends pt-archiver with an error. 0, the default: no limit.
pt-archiver's connection to C<--dest> is idle meanwhile (its C<wait_timeout> is 10,000 s); the
plugin keeps the connection to the source alive.

=item FRENO_UNREACHABLE

What to do when freno cannot be reached, or has no leader (502, 503, 504 from the load balancer):

=over

=item wait

keep waiting; the default.

=item die

end with an error after FRENO_UNREACHABLE_AFTER seconds; nothing is uncommitted at that point.

=item proceed

go on unthrottled after FRENO_UNREACHABLE_AFTER seconds, and ask again every second.

=back

A fail-over of freno takes about a second: set FRENO_UNREACHABLE_AFTER well above that.

=item FRENO_UNREACHABLE_AFTER

Seconds; the default is 60.

=back

=head1 SIGNALS, --run-time, --sentinel

They end a wait too. With C<--bulk-delete> pt-archiver then ends with an error, and nothing is lost:
no row is deleted that was not archived.

=cut
