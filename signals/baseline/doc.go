// Package baseline remembers what is normal for each subject: a cache of the
// established in front, an encrypted store behind, newcomers on probation beside.
package baseline
