#include "tests/sim/faults.h"

#include <inttypes.h>
#include <stdio.h>

static const struct {
    const char *name;
    uint64_t weight;
    const char *what;
} infos[] = {
#define X(name, weight, what) {#name, weight, what},
    FAULTS_TABLE(X)
#undef X
};

void faults_init(struct faults *faults, struct rand *rand)
{
    bool is_wild = rand_chance(rand, 30);
    *faults = (struct faults){.rand = rand};
    faults->every = 20 + rand_below(rand, is_wild ? 150 : 1500);
    for (int i = 0; i < FAULT_COUNT; i++) {
        faults->is_on[i] = rand_chance(rand, 65);
    }
}

enum fault faults_pick(struct faults *faults)
{
    uint64_t sum = 0;
    if (!faults->is_active || rand_below(faults->rand, faults->every) != 0) {
        return FAULT_COUNT;
    }
    for (int i = 0; i < FAULT_COUNT; i++) {
        sum += faults->is_on[i] ? infos[i].weight : 0;
    }
    uint64_t drawn = sum > 0 ? rand_below(faults->rand, sum) : 0;
    for (int i = 0; i < FAULT_COUNT && sum > 0; i++) {
        uint64_t weight = faults->is_on[i] ? infos[i].weight : 0;
        if (drawn < weight) {
            return (enum fault)i;
        }
        drawn -= weight;
    }
    return FAULT_COUNT;
}

bool faults_strike(struct faults *faults, enum fault fault, uint64_t percent)
{
    bool is_struck =
        faults->is_active && faults->is_on[fault] && rand_chance(faults->rand, percent);
    faults->counts.of[fault] += is_struck;
    return is_struck;
}

void faults_count(struct faults *faults, enum fault fault)
{
    faults->counts.of[fault]++;
}

const char *faults_name(enum fault fault)
{
    return infos[fault].name;
}

void faults_print(const struct fault_counts *counts)
{
    uint64_t sum = 0;
    for (int i = 0; i < FAULT_COUNT; i++) {
        printf("  %-22s %12" PRIu64 "  %s\n", infos[i].name, counts->of[i], infos[i].what);
        sum += counts->of[i];
    }
    printf("  %-22s %12" PRIu64 "\n", "all", sum);
}
