package baseline

import "github.com/riskgate/riskgate/models"

const (
	endpointCells = 32
	stepCells     = 64
	cellTop       = 15

	stepStrength    = 2.0 // how much the endpoint alone counts against the one before
	uniformStrength = 1.0 // and all endpoints alike against that

	pathStep   = 0.1 // weight of the last request in the moving average
	pathBudget = 7   // steps known already that an hour teaches, and one new one
	pathNew    = 8   // of Paths.Taught: the new one
)

// Paths counts in which order a subject uses endpoints: each endpoint, and each
// after each, in hashed cells of four bits.
type Paths struct {
	Endpoints [endpointCells / 2]uint8
	Steps     [stepCells / 2]uint8
	Last      uint8 // endpoint before, hashed; 0: none
	Taught    uint8 // unix hour, modulo 16, above what it has taught: see count
	Nats      Fixed // moving average of -ln p, in nats, refused requests included
}

func cell(cells []uint8, i uint32) float64 { return float64(cells[i/2] >> (i % 2 * 4) & cellTop) }

// endpointOf is 1 to 255, of a hash; 0: none.
func endpointOf(hash uint32) uint8 {
	if hash == 0 {
		return 0
	}
	return uint8(1 + hash%255)
}

func stepCell(from, to uint8) uint32 {
	return (uint32(from)*0x9e3779b1 ^ uint32(to)*0x85ebca6b) >> 26
}

// surprise returns -ln p(endpoint given the one before), in nats: the counts of
// the step, backed by those of the endpoint, backed by all alike.
func (p *Paths) surprise(to uint8) float64 {
	total := 0.0
	for _, two := range p.Endpoints {
		total += float64(two&cellTop) + float64(two>>4)
	}
	alone := (cell(p.Endpoints[:], uint32(to)%endpointCells) + uniformStrength/endpointCells) / (total + uniformStrength)
	before := cell(p.Endpoints[:], uint32(p.Last)%endpointCells)
	step := cell(p.Steps[:], stepCell(p.Last, to))
	if p.Last == 0 {
		before = step
	}
	return -models.Ln((step + float64(stepStrength*alone)) / (max(before, step) + stepStrength))
}

// See follows a request for an endpoint, given by its hash, so many seconds after
// the last one: after a pause of half an hour, or without one, there is none
// before.
func (p *Paths) See(endpoint uint32, gap float64, teaches bool, now uint32) {
	to := endpointOf(endpoint)
	if to == 0 {
		return
	}
	if gap < 0 || gap > sessionIdle {
		p.Last = 0
	}
	nats := p.Nats.Float()
	p.Nats = FixedOf(nats + float64(pathStep*(p.surprise(to)-nats)))
	if teaches {
		p.count(to, uint8(now/3600%16))
	}
	p.Last = to
}

// count learns a step. An hour teaches seven known ones and one new one: a busy
// hour does not make usual what was not. A full cell stays full.
func (p *Paths) count(to, hour uint8) {
	if p.Taught>>4 != hour {
		p.Taught = hour << 4
	}
	e, s := uint32(to)%endpointCells, stepCell(p.Last, to)
	switch {
	case cell(p.Endpoints[:], e) == 0 || cell(p.Steps[:], s) == 0:
		if p.Taught&pathNew != 0 {
			return
		}
		p.Taught |= pathNew
	case p.Taught&(pathNew-1) == pathBudget:
		return
	default:
		p.Taught++
	}
	raise(p.Endpoints[:], e)
	raise(p.Steps[:], s)
}

// raise counts once more in a cell that is not full.
func raise(cells []uint8, i uint32) {
	if cell(cells, i) < cellTop {
		cells[i/2] += 1 << (i % 2 * 4)
	}
}

// fade halves what was counted, once a week: what is done every night is not
// forgotten over what is done all day, and what is no longer done is.
func (p *Paths) fade(weeks uint16) {
	for range min(weeks, 4) { // then nothing is left
		halve(p.Endpoints[:])
		halve(p.Steps[:])
	}
}

func halve(cells []uint8) {
	for i := range cells {
		cells[i] = cells[i] >> 1 & 0x77
	}
}
