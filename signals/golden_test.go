package signals

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/riskgate/riskgate/models"
)

// wholeLook is a look whose features are whole numbers of 1/256, so that no
// machine rounds them differently.
func wholeLook(r *rand.Rand) *models.Features {
	f := &models.Features{Flags: models.IsLook | models.HasAgent | models.AboveTLS | models.Flag(r.Uint32()&0x7fffff)}
	for i := range f.Values {
		f.Values[i] = float32(r.IntN(40*256)) / 256
	}
	for i := range models.Feature(3) {
		for _, first := range []models.Feature{models.NetShare1, models.DevShare1, models.NetNovelty1, models.DevNovelty1, models.NetHazard1, models.DevHazard1} {
			f.Values[first+i] = float32(1+r.IntN(256)) / 256
		}
	}
	for _, i := range []models.Feature{models.NetTrust2, models.NetTrust3, models.DevTrust2, models.DevTrust3, models.TokenTrust, models.ObjectsRefused, models.TimeGlobal} {
		f.Values[i] = float32(r.IntN(257)) / 256
	}
	f.Values[models.TokenStatus] = float32(r.IntN(4))
	f.Values[models.TravelDistance] *= 256
	return f
}

// The evidence of 5000 looks, to the last bit. It is the same on every machine
// and under every GOAMD64; a change of the model changes it on purpose.
func TestEvaluateGolden(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	sum := sha256.New()
	for range 5000 {
		f := wholeLook(r)
		var e models.EvidenceSet
		Evaluate(f, &e)
		_, _ = sum.Write(f.AppendBinary(nil))
		for g := range e {
			var b [17]byte
			binary.LittleEndian.PutUint64(b[:], math.Float64bits(e[g].Lambda))
			binary.LittleEndian.PutUint64(b[8:], math.Float64bits(e[g].Confidence))
			b[16] = byte(e[g].State)
			_, _ = sum.Write(b[:])
		}
	}
	const want = "88e0f8983bade5e0fe4938c35b3ef2af8b67fccb0684b8fe1321e53814821790"
	if got := hex.EncodeToString(sum.Sum(nil)); got != want {
		t.Errorf("evidence has the digest\n%s, want\n%s", got, want)
	}
}
