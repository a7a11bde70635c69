# A plugin of pt-archiver (Percona Toolkit) that asks freno before each transaction. Its manual is below: perldoc FrenoThrottler.pm
package FrenoThrottler;

use strict;
use warnings;
use HTTP::Tiny;
use Scalar::Util qw(weaken);
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC sleep);

use constant {
   REQUEST_TIMEOUT => 2,      # seconds
   FIRST_PAUSE     => 0.1,    # freno knows something new each 50 ms
   LONGEST_PAUSE   => 2,
   KEEPALIVE_EVERY => 60,     # seconds: of the connection to the source
   FIRST_REPORT    => 10,     # seconds of waiting until it is told, and from then on
   REPORT_EVERY    => 60,
   ASK_AGAIN_EVERY => 1,      # seconds, while going on without an answer
};

# Answers of freno itself. Everything else is silence: no connection (599), or a load balancer that finds no leader (502 to 504).
my %GO_ON = map { $_ => 1 } 200;
my %WAIT  = map { $_ => 1 } 400, 404, 417, 429, 500;

sub new {
   my ($class, %args) = @_;
   my $self = bless {
      dbh            => $args{dbh},
      options        => $args{OptionParser},
      url            => _url(),
      http           => HTTP::Tiny->new(timeout => REQUEST_TIMEOUT, agent => 'FrenoThrottler'),
      max_wait       => _seconds('FRENO_MAX_WAIT', 0),
      unreachable    => _one_of('FRENO_UNREACHABLE', qw(wait die proceed)),
      patience       => _seconds('FRENO_UNREACHABLE_AFTER', 60),
      in_transaction => 0,
      checks         => 0,
      waited         => 0,
   }, $class;
   $self->_watch_transactions;
   return $self;
}

sub before_begin {
   my ($self) = @_;
   $self->{began_at} = _now();
   return;
}

# Called before each row is archived. The end of a transaction is the only place to wait: until then rows are locked.
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
   printf STDERR "FrenoThrottler: asked freno %d times, waited %.1f s\n", @$self{qw(checks waited)};
   return;
}

# The rest of the interface; nothing to do.
sub before_delete      { return }
sub before_bulk_delete { return }

sub _watch_transactions {
   my ($self) = @_;
   my $plugin = $self;
   weaken($plugin);
   my $ended = sub { $plugin->{in_transaction} = 0 if $plugin; return };
   my $dbh = $self->{dbh};
   $dbh->{Callbacks} = { %{ $dbh->{Callbacks} || {} }, commit => $ended, rollback => $ended };
   return;
}

# Returns 1 when rows may be archived, 0 when pt-archiver has to end meanwhile. Dies when waiting has no sense any more.
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
      die sprintf "FrenoThrottler: has waited %.0f s (FRENO_MAX_WAIT); the last answer: %s\n", $waited, $self->{answer}
         if $self->{max_wait} && $waited >= $self->{max_wait};
      if ($now >= $report_at) {
         _tell("has waited %.0f s; the last answer: %s", $waited, $self->{answer});
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
   ($self->{answer} = "$status " . ($response->{content} // '')) =~ s/\s+\z//;
   if ($GO_ON{$status} || $WAIT{$status}) {
      _tell('freno answers again: %s', $self->{answer}) if $self->{silent_since};
      delete @$self{qw(silent_since proceeding_until)};
      return $GO_ON{$status};
   }
   return $self->_silence;
}

# freno does not answer. Returns 1 to go on nevertheless.
sub _silence {
   my ($self) = @_;
   my $now = _now();
   if (!$self->{silent_since}) {
      $self->{silent_since} = $now;
      _tell('%s does not answer: %s', $self->{url}, $self->{answer});
   }
   return 0 if $self->{unreachable} eq 'wait' || $now - $self->{silent_since} < $self->{patience};
   die sprintf "FrenoThrottler: no answer for %.0f s (FRENO_UNREACHABLE=die): %s\n",
      $now - $self->{silent_since}, $self->{answer}
      if $self->{unreachable} eq 'die';
   _tell('goes on WITHOUT freno (FRENO_UNREACHABLE=proceed)') if !$self->{proceeding_until};
   $self->{proceeding_until} = $now + ASK_AGAIN_EVERY;
   return 1;
}

# pt-archiver looks at its own reasons to end only between two rows.
sub _must_end {
   my ($self, $now) = @_;
   my $options = $self->{options} or return 0;
   my $run_time = $options->get('run-time');
   return 1 if $run_time && $now - $self->{began_at} >= $run_time;
   my $sentinel = $options->get('sentinel');
   return defined $sentinel && -f $sentinel;
}

# Those of pt-archiver, which end it after the row at hand.
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

# The row stays where it is, and pt-archiver ends by itself at the next one. Not with bulk deletes: they take the whole range of rows,
# those that were not archived too.
sub _give_up_row {
   my ($self) = @_;
   my $options = $self->{options};
   die "FrenoThrottler: told to end while it waited for freno\n"
      if !$options || $options->get('bulk-delete') || $options->get('bulk-insert');
   return 0;
}

sub _url {
   my ($base, $store) = map {
      my $value = $ENV{$_};
      die "FrenoThrottler: the environment must set $_; see 'perldoc FrenoThrottler'\n" if !defined $value || $value eq '';
      $value;
   } qw(FRENO_URL FRENO_STORE);
   my $app = $ENV{FRENO_APP} || 'pt-archiver';
   $base =~ s{/+\z}{};
   my $priority = _one_of('FRENO_PRIORITY', qw(normal low));
   return sprintf '%s/check/%s/mysql/%s%s', $base, _encoded($app), _encoded($store), $priority eq 'low' ? '?p=low' : '';
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

sub _tell {
   my ($format, @values) = @_;
   printf STDERR "FrenoThrottler: $format\n", @values;
   return;
}

sub _now { return clock_gettime(CLOCK_MONOTONIC) }

1;

__END__

=encoding utf8

=head1 NAME

FrenoThrottler - makes pt-archiver wait while freno says so

=head1 SYNOPSIS

   export FRENO_URL=http://freno.example.com:8087 FRENO_STORE=main
   PERL5LIB=/usr/share/freno/pt-archiver pt-archiver \
      --source h=db1,D=shop,t=orders,m=FrenoThrottler --purge \
      --where 'created_at < now() - interval 1 year' --limit 100 --commit-each

=head1 DESCRIPTION

A module for the source of pt-archiver (C<m=FrenoThrottler>; see EXTENDING in its manual). Before the first row of each transaction
it asks freno C</check/E<lt>appE<gt>/mysql/E<lt>storeE<gt>>, and lets rows pass only after the answer 200. With every other answer it
waits and asks again, after 0.1 s at first and then every 2 s at most. It tells what it waits for after 10 s, and then each minute: a store that
freno does not know (404) is waited for like one whose leader is just being elected.

A transaction is what pt-archiver commits at once: with C<--limit 100 --commit-each> 100 rows, with C<--txn-size 100> as well, by default
one row, for which each time freno is asked. Small transactions obey soonest; some hundred rows are a good measure. It never
waits in the middle of a transaction, where it would keep rows locked. What stays open while it waits is the read view of pt-archiver's
SELECT, as with C<--max-lag>.

With a module at the source pt-archiver searches "strictly greater" than the last row: use an index that is unique.

=head1 ENVIRONMENT

pt-archiver gives its modules no arguments, so these come from the environment.

=over

=item FRENO_URL

Address of freno, or of the load balancer in front of it: C<http://freno:8087>. Required.

=item FRENO_STORE

Name of the cluster in freno's configuration whose replicas are to keep up. Required.

=item FRENO_APP

What freno's operators know this job as, C<pt-archiver> unless given. They slow it down or stop it with C</throttle-app/E<lt>appE<gt>>.

=item FRENO_PRIORITY

C<low>: lets jobs of normal priority go first. C<normal> unless given.

=item FRENO_MAX_WAIT

Seconds after which a single wait ends pt-archiver with an error. 0, unless given: as long as it takes. pt-archiver's connection to
C<--dest> idles meanwhile (its C<wait_timeout> is 10,000 s); that to the source is kept alive.

=item FRENO_UNREACHABLE

What to do when freno cannot be reached, or no node of it leads (502, 503, 504 from the load balancer):

=over

=item wait

wait on; the default.

=item die

end with an error after FRENO_UNREACHABLE_AFTER seconds; uncommitted is nothing at that point.

=item proceed

go on unthrottled after FRENO_UNREACHABLE_AFTER seconds, asking again each second.

=back

A fail-over of freno takes about a second: leave FRENO_UNREACHABLE_AFTER well above.

=item FRENO_UNREACHABLE_AFTER

Seconds, 60 unless given.

=back

=head1 SIGNALS, --run-time, --sentinel

They end a wait too. With C<--bulk-delete> pt-archiver then ends with an error, and nothing is lost: no row is deleted that was not archived.

=cut
