package trial

import (
	"time"

	"github.com/riskgate/riskgate/bench/eval/rival"
	"github.com/riskgate/riskgate/bench/traffic"
)

// part is what an event is used for.
type part uint8

const (
	toLearn    part = iota // nothing is recorded
	toValidate             // honest: thresholds are chosen by it
	toTest
)

// The strata: how many verified logins the user had before.
const (
	noHistory = iota
	fewLogins // 1 to 4
	manyLogins
	numStrata
)

var stratumNames = [numStrata]string{"0", "1_to_4", "5_or_more"}

// maxNumber is the last login number of the curve of re-authentications.
const maxNumber = 40

// mark is what the book says about an event.
type mark struct {
	part    part
	stratum uint8
	number  uint8 // of the honest login among the user's, from 1; 0: above maxNumber
	kind    uint8 // of the attack, index of book.kinds
	user    uint32
	honest  bool
	counts  bool // recorded: a successful login, honest or an attack of the test
}

// kind is a label with its variant.
type kind struct {
	label   traffic.Label
	variant traffic.Variant
}

// String returns "vpn", or "targeted/own_hour" for a variant.
func (k kind) String() string {
	if k.variant == traffic.Plain {
		return k.label.String()
	}
	return k.label.String() + "/" + k.variant.String()
}

// book is what is known of the recorded events, beside their scores: the same for
// every model, in the order of the events.
type book struct {
	validate, test time.Time

	kinds  []kind
	kindOf map[kind]uint8
	users  map[string]uint32
	past   []uint32 // verified logins by user

	honest struct { // logins of the test
		users  []uint32
		strata []uint8
		times  []int64 // Unix seconds
	}
	attacks struct {
		kinds, strata []uint8
		victims       []uint32
		times         []int64
	}
	early struct { // honest logins up to maxNumber, of the whole world
		users   []uint32
		numbers []uint8
	}
}

func newBook(c *Config) *book {
	return &book{
		validate: c.at(validateFrom), test: c.at(testFrom),
		kindOf: map[kind]uint8{}, users: map[string]uint32{},
	}
}

// enter takes an event down. Failed logins, honest or not, are scored and do not
// count: nobody is let in by them, and models that look at the outcome or at the
// account would tell attacks that failed from honest logins by that alone.
func (b *book) enter(e *traffic.Event) mark {
	m := mark{user: b.user(e.Person), honest: e.Label == traffic.Honest}
	past := b.past[m.user]
	m.stratum = stratumOf(past)
	switch {
	case !e.Time.Before(b.test):
		m.part = toTest
	case !e.Time.Before(b.validate):
		m.part = toValidate
	}
	if !m.honest {
		m.counts = m.part == toTest && rival.Succeeded(e)
		b.attack(e, &m)
		return m
	}
	if m.counts = rival.Succeeded(e); !m.counts {
		return m
	}
	b.past[m.user]++
	if past < maxNumber {
		m.number = uint8(past + 1)
		b.early.users = append(b.early.users, m.user)
		b.early.numbers = append(b.early.numbers, m.number)
	}
	if m.part == toTest {
		b.honest.users = append(b.honest.users, m.user)
		b.honest.strata = append(b.honest.strata, m.stratum)
		b.honest.times = append(b.honest.times, e.Time.Unix())
	}
	return m
}

func (b *book) attack(e *traffic.Event, m *mark) {
	if !m.counts {
		return
	}
	k := kind{e.Label, e.Variant}
	i, ok := b.kindOf[k]
	if !ok {
		i = uint8(len(b.kinds))
		b.kindOf[k] = i
		b.kinds = append(b.kinds, k)
	}
	m.kind = i
	b.attacks.kinds = append(b.attacks.kinds, i)
	b.attacks.strata = append(b.attacks.strata, m.stratum)
	b.attacks.victims = append(b.attacks.victims, m.user)
	b.attacks.times = append(b.attacks.times, e.Time.Unix())
}

func (b *book) user(person string) uint32 {
	u, ok := b.users[person]
	if !ok {
		u = uint32(len(b.past))
		b.users[person] = u
		b.past = append(b.past, 0)
	}
	return u
}

func stratumOf(past uint32) uint8 {
	switch {
	case past >= 5:
		return manyLogins
	case past > 0:
		return fewLogins
	}
	return noHistory
}
