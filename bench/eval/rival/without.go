package rival

import (
	"fmt"
	"reflect"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
)

// Without returns the configuration with the weight of one group at 0.
func Without(c risk.Config, g models.Group) risk.Config { return Weighed(c, g, 0) }

// Weighed returns the configuration with another weight of one group. The field is
// found by the name that it has in YAML, which is the group's.
func Weighed(c risk.Config, g models.Group, weight float64) risk.Config {
	weights := reflect.ValueOf(&c.Weights).Elem()
	for i := range weights.NumField() {
		if weights.Type().Field(i).Tag.Get("yaml") == g.String() {
			weights.Field(i).SetFloat(weight)
			return c
		}
	}
	panic(fmt.Sprintf("BUG: group %s has no weight", g))
}
