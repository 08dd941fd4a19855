package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// stopped is the signal that ended the work.
type stopped struct{ signal syscall.Signal }

func (s stopped) Error() string { return "stopped by signal: " + s.signal.String() }

// untilSignal returns a context that ends at the first SIGINT, SIGTERM or SIGHUP: the work then
// stops at a good place. A second signal ends the program. A signal that the program was told to
// ignore when it began, as nohup does with SIGHUP, stays ignored.
func untilSignal() (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	caught := make(chan os.Signal, 1)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			signal.Notify(caught, s)
		}
	}
	done := make(chan struct{})
	go func() {
		select {
		case s := <-caught:
			signal.Stop(caught) // the next one acts as if nothing caught it
			if number, ok := s.(syscall.Signal); ok {
				cancel(stopped{number})
			} else {
				cancel(stopped{syscall.SIGINT})
			}
		case <-done:
		}
	}()
	return ctx, func() {
		signal.Stop(caught)
		close(done)
		cancel(context.Canceled)
	}
}

// statusOf is the exit status of a command whose work was stopped: 128 and the signal's number, as
// shells have it: 130, 143 or 129. 0: no signal came.
func statusOf(ctx context.Context) int {
	var s stopped
	if !errors.As(context.Cause(ctx), &s) {
		return 0
	}
	return 128 + int(s.signal)
}
