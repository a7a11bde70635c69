# A plugin of pt-online-schema-change (Percona Toolkit) that asks freno before each chunk of rows.
# Its manual is below: perldoc FrenoPlugin.pm
package pt_online_schema_change_plugin;

use strict;
use warnings;
use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/../pt-archiver';
use parent 'FrenoThrottler';

sub new {
   my ($class, %args) = @_;
   my $self = $class->SUPER::new(dbh => $args{cxn}->dbh);
   @$self{qw(cxn execute quiet)} = @args{qw(cxn execute quiet)};
   return $self;
}

# Called by the tool when it prepares to wait for replicas, which it does after each chunk. The
# function that it gets here returns a lag for one connection; this one returns when the tool may go
# on.
sub get_slave_lag {
   my ($self) = @_;
   $self->{is_asked} = 1;
   return sub { $self->_wait; return 0 };
}

# The tool waits once for each replica, and for none where there is none: then it would not ask
# freno. It asks exactly once where its user names one server.
sub init {
   my ($self, %args) = @_;
   return if !$self->{execute};
   my ($checked, $found) = @args{qw(slave_lag_cxns slaves)};
   return if $checked && @$checked && (!$found || $checked != $found);
   die "FrenoThrottler: use --check-slave-lag with the DSN of the server itself;"
      . " see 'perldoc FrenoPlugin.pm'\n";
}

sub before_copy_rows {
   my ($self) = @_;
   return if !$self->{execute};
   die "FrenoThrottler: this release of pt-online-schema-change does not call get_slave_lag\n"
      if !$self->{is_asked};
   return $self->_wait;
}

sub before_exit {
   my ($self) = @_;
   return if $self->{quiet} || !$self->{execute};
   return $self->_report;
}

sub _wait {
   my ($self) = @_;
   # The tool may have connected again.
   $self->{dbh} = $self->{cxn}->dbh;
   $self->_wait_for_permission;
   return;
}

1;

__END__

=encoding utf8

=head1 NAME

FrenoPlugin - makes pt-online-schema-change wait while freno throttles it

=head1 SYNOPSIS

   export FRENO_URL=http://freno.example.com:8087 FRENO_STORE=main FRENO_APP=add-column-to-orders
   pt-online-schema-change \
      --plugin /opt/freno/resources/pt-online-schema-change/FrenoPlugin.pm \
      --check-slave-lag h=db1 \
      --alter 'add column note varchar(20)' --execute h=db1,D=shop,t=orders

=head1 DESCRIPTION

A plugin (C<--plugin>; see PLUGIN in the manual of the tool). Before the first chunk of rows, and
after each, it requests C</check/E<lt>appE<gt>/mysql/E<lt>storeE<gt>> from freno, and goes on only
after status 200. It needs the file F<FrenoThrottler.pm> in the directory F<pt-archiver> beside its
own, which does the waiting; C<perldoc FrenoThrottler.pm> describes it, and the environment
variables for both: C<FRENO_URL>, C<FRENO_STORE>, C<FRENO_APP>, C<FRENO_PRIORITY>,
C<FRENO_MAX_WAIT>, C<FRENO_UNREACHABLE>, C<FRENO_UNREACHABLE_AFTER>. When it dies, the tool removes
its triggers and its new table; a signal ends the tool while it waits too, and then it leaves them
and prints how to remove them.

C<--check-slave-lag> is required, with the DSN of the server that is changed: the tool asks the
plugin once for each server whose lag it checks, so without it once for each replica that it finds,
and never when it finds none. freno knows which replicas count; the tool does not connect to them
for their lag, and C<--max-lag> has no effect.

Only copying waits. The triggers go on writing what others change in the table, as the tool always
does. C<--chunk-time> 0.5, the default, makes chunks of half a second: 0.1 reacts faster. The other
bounds of the tool, as C<--max-load>, count as before.

Tried with pt-online-schema-change 3.2.1. A release that does not call the hook C<get_slave_lag> is
refused before it copies rows.

=cut
