package org.secondsite.buffer;

import java.util.Arrays;
import java.util.List;

/** Finds the lane of a source MAC address and VLAN: an open-addressed hash table, at most a quarter full. */
final class SourceTable {
    /** The VLAN of a frame that has no tag. */
    static final int UNTAGGED = 0xfff;

    /** The VLAN of an entry that does not care. */
    private static final int ANY = 0;

    private final long[] keys;
    private final int[] lanes;
    private final int shift;
    private final boolean anyVlanConfigured;

    SourceTable(List<ProtectedVm> vms) {
        int size = Integer.highestOneBit(Math.max(4, vms.size())) * 8;
        keys = new long[size];
        lanes = new int[size];
        Arrays.fill(lanes, -1);
        shift = Long.numberOfLeadingZeros(size) + 1;
        anyVlanConfigured = vms.stream().anyMatch(vm -> vm.vlan().isPresent());
        for (int i = 0; i < vms.size(); i++) {
            ProtectedVm vm = vms.get(i);
            long key = key(vm.mac().value(), vm.vlan().orElse(ANY));
            int at = slot(key);
            if (lanes[at] >= 0) {
                throw new IllegalArgumentException("VMs " + vms.get(lanes[at]).id() + " and " + vm.id()
                        + " have the same MAC address " + vm.mac());
            }
            keys[at] = key;
            lanes[at] = i;
        }
    }

    /** The lane, or -1. An entry with this VLAN goes before one for any VLAN. */
    int find(long mac, int vlan) {
        if (anyVlanConfigured) {
            int exact = lanes[slot(key(mac, vlan))];
            if (exact >= 0) {
                return exact;
            }
        }
        return lanes[slot(key(mac, ANY))];
    }

    private int slot(long key) {
        int at = (int) ((key * 0x9E3779B97F4A7C15L) >>> shift);
        while (lanes[at] >= 0 && keys[at] != key) {
            at = (at + 1) & (keys.length - 1);
        }
        return at;
    }

    private static long key(long mac, int vlan) {
        return mac | ((long) vlan << 48);
    }
}
