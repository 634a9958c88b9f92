package risk

import "github.com/riskgate/riskgate/models"

// NewToMachine is the finding about a machine client that is seen on a network or
// a device it never used: after its first days, from outside the networks declared
// for it. Programs change such things when somebody changes them.
const NewToMachine Finding = "new_to_machine"

// News names what an analyst should know of a machine client although its score
// may be low, if anything: nothing while an analyst vouches for it.
func News(f *models.Features) Finding {
	const never = models.IsEnrolling | models.DeclaredSource | models.BaselineMissing | models.IsConfirmed
	if !f.Has(models.IsMachine|models.IsLook) || f.Flags&never != 0 {
		return ""
	}
	network := f.Get(models.NetTotal) > 0 && f.Get(models.NetWeight2) == 0
	device := f.Get(models.DevTotal) > 0 && f.Get(models.DevWeight2) == 0 &&
		f.Flags&(models.HasAgent|models.AboveTLS) != 0
	if network || device {
		return NewToMachine
	}
	return ""
}
