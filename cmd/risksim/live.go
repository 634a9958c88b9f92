package main

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/riskgate/riskgate/bench/traffic"
)

// live does what risksim live is asked for.
func live(ctx context.Context, o liveOptions, stdout, stderr io.Writer) error {
	c, err := o.config()
	if err != nil {
		return err
	}
	if o.writeKeys != "" {
		if err := writeKeyFile(o.writeKeys, o.keySeed, "a simulated world", clientIDs(c)); err != nil {
			return fmt.Errorf("write keys: %w", err)
		}
	}
	if o.writeGateway != "" {
		if err := writeGateway(o, c); err != nil {
			return fmt.Errorf("write gateway: %w", err)
		}
	}
	if o.target == "" {
		return nil
	}
	l, err := newLiveRun(o, stderr)
	if err != nil {
		return err
	}
	tellFewer(stderr, c)
	l.progress = newProgress(stderr, "requests sent", time.Now(), c.Start.AddDate(0, 0, c.Days))
	err = l.run(ctx, c)
	if errors.Is(err, errTarget) {
		return errors.Join(err, l.labels.close())
	}
	l.total.Recorded = l.last.Sub(l.clock.first).Seconds()
	l.total.Seconds = time.Since(l.clock.begin).Seconds()
	_, fault := io.WriteString(stdout, l.total.text()+l.table())
	return errors.Join(err, fault, l.labels.close())
}

// liveRun sends a world.
type liveRun struct {
	o        liveOptions
	stderr   io.Writer
	signer   *signer
	clock    schedule
	last     time.Time // of the requests sent, in the world
	back     *upstream // nil: somebody else answers
	progress *progress

	mu      sync.Mutex // guards what follows
	jars    *traffic.Jars
	labels  *lines
	total   *summary
	byLabel map[string]map[string]int // what was met
}

// task is one request to send.
type task struct {
	e   traffic.Event
	seq int // from 1
}

func newLiveRun(o liveOptions, stderr io.Writer) (*liveRun, error) {
	labels, err := newLines(o.labels, io.Discard)
	if err != nil {
		return nil, err
	}
	l := &liveRun{
		o: o, stderr: stderr, signer: newSigner(o.keySeed), jars: traffic.NewJars(), labels: labels, total: newSummary(),
		byLabel: map[string]map[string]int{},
	}
	if o.upstream != "" {
		if l.back, err = newUpstream(o.upstream); err != nil {
			return nil, errors.Join(err, labels.close())
		}
	}
	return l, nil
}

// run hands the requests to the connections when they are due. Those of one
// sender go over one connection, one after the other.
func (l *liveRun) run(ctx context.Context, c traffic.Config) error {
	if l.back != nil {
		defer l.back.close()
	}
	queues := make([]chan task, l.o.concurrency)
	faults := make([]error, l.o.concurrency)
	var running sync.WaitGroup
	for i := range queues {
		queues[i] = make(chan task, 64)
		running.Go(func() { faults[i] = l.send(queues[i]) })
	}
	seed := maphash.MakeSeed()
	seq, wrong := 0, error(nil)
	l.clock = schedule{begin: time.Now(), scale: l.o.timeScale}
	for e := range c.Events() {
		if seq == 0 {
			l.clock.first = e.Time
		}
		if l.o.limit > 0 && seq == l.o.limit || !l.await(ctx, e.Time) {
			break
		}
		seq++
		l.last = e.Time
		if seq == 1 {
			if wrong = l.knock(&task{*e, seq}); wrong != nil {
				break
			}
			continue
		}
		sender := fmt.Sprint(e.Person, e.Attack)
		queues[maphash.String(seed, sender)%uint64(len(queues))] <- task{*e, seq}
		l.progress.tell(time.Now(), seq, e.Time)
	}
	for _, q := range queues {
		close(q)
	}
	running.Wait()
	return errors.Join(append(faults, wrong)...)
}

// errTarget says that there is no gateway to send a world to.
var errTarget = errors.New("no gateway answers there")

// knocking is how long the first answer may take.
const knocking = 5 * time.Second

// knock sends the first request by itself, so that a wrong target shows at once.
func (l *liveRun) knock(t *task) error {
	c, err := newConnection(options{target: l.o.target, timeout: min(l.o.timeout, knocking)})
	if err != nil {
		return err
	}
	defer c.close()
	a, fault, err := l.exchange(c, t)
	switch {
	case fault != nil:
		err = fmt.Errorf("--target %s: %w: %w", l.o.target, errTarget, fault)
	case a.status == http.StatusBadRequest, a.status == http.StatusMisdirectedRequest:
		err = fmt.Errorf("--target %s: %w: the first request was answered with %d %s, is this the scheme and host name that it serves?",
			l.o.target, errTarget, a.status, http.StatusText(a.status))
	case a.id == "":
		say(l.stderr, "risksim: the first answer has no X-Request-Id, want that of a gateway: labels name no event without it\n")
	}
	return err
}

// await waits until a request is due. It reports whether to go on.
func (l *liveRun) await(ctx context.Context, at time.Time) bool {
	if wait := l.clock.wait(at, time.Now()); wait > 0 {
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
	return ctx.Err() == nil
}

// send sends the requests of one queue. After a fault it only empties the queue.
func (l *liveRun) send(queue <-chan task) error {
	c, err := newConnection(options{target: l.o.target, timeout: l.o.timeout})
	if err == nil {
		defer c.close()
	}
	for t := range queue {
		if err != nil {
			continue
		}
		_, _, err = l.exchange(c, &t)
	}
	return err
}

// exchange sends one request. Honest people answer a challenge at once. Fault is
// that of the connection, which is counted; err that of the file of labels.
func (l *liveRun) exchange(c *connection, t *task) (a answer, fault, err error) {
	if l.back != nil {
		l.back.expect(t)
		defer l.back.forget(t)
	}
	begin := time.Now()
	a, fault = c.exchange(t.e.Method, l.request(c.host, t, false))
	err = l.count(t, a, fault, time.Since(begin))
	if err == nil && fault == nil && a.stepUp && t.e.Label == traffic.Honest {
		begin = time.Now()
		a, fault = c.exchange(t.e.Method, l.request(c.host, t, true))
		err = l.count(t, a, fault, time.Since(begin))
	}
	return a, fault, err
}

// count records an answer under the label of its request.
func (l *liveRun) count(t *task, a answer, fault error, took time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total.count(traffic.Line{Client: t.e.Address, Agent: t.e.Agent}, a, fault, took)
	name := t.e.Label.String()
	if l.byLabel[name] == nil {
		l.byLabel[name] = map[string]int{}
	}
	l.byLabel[name][metOf(a, fault)]++
	if fault != nil {
		return nil // counted; the run goes on
	}
	if a.cookie != "" {
		l.jars.Keep(&t.e, a.cookie)
	}
	return l.labels.write(label{ID: a.id, Time: time.Now().UTC(), Status: a.status, Action: a.action, truth: truthOf(&t.e)})
}
