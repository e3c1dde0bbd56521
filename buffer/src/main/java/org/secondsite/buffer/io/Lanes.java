package org.secondsite.buffer.io;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.IntStream;
import org.secondsite.buffer.FrameClassifier;
import org.secondsite.buffer.ProtectedVm;
import org.secondsite.config.VmId;

/** Which VM has which lane of the buffer. Changed by the plane's thread, and read by every one. */
final class Lanes {
    private final AtomicReferenceArray<ProtectedVm> vms;
    private volatile Map<VmId, Integer> lanes = Map.of();

    /**
     * The i-th VM has lane i.
     *
     * @throws IllegalArgumentException if a VM's name is there twice
     */
    Lanes(List<ProtectedVm> first, int capacity) {
        vms = new AtomicReferenceArray<>(capacity);
        for (int lane = 0; lane < first.size(); lane++) {
            requireUnknown(first.get(lane).id());
            put(lane, first.get(lane));
        }
    }

    private void requireUnknown(VmId vm) {
        if (lanes.containsKey(vm)) {
            throw new IllegalArgumentException("VM " + vm + " is configured twice");
        }
    }

    /** The lane of a VM. */
    int of(VmId vm) {
        Integer lane = lanes.get(vm);
        if (lane == null) {
            throw new IllegalArgumentException("VM " + vm + " is not configured");
        }
        return lane;
    }

    /** The VM of a lane; null if it is nobody's. */
    ProtectedVm at(int lane) {
        return vms.get(lane);
    }

    /** Every VM with its lane. */
    Map<VmId, Integer> all() {
        return lanes;
    }

    /**
     * A lane that is nobody's, for this VM.
     *
     * @throws IllegalArgumentException if there is none, or the VM has one
     */
    int free(VmId vm) {
        requireUnknown(vm);
        return IntStream.range(0, vms.length())
                .filter(lane -> vms.get(lane) == null)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "there is no room for VM " + vm + ": " + vms.length() + " VMs are the most"));
    }

    void put(int lane, ProtectedVm vm) {
        vms.set(lane, vm);
        update();
    }

    void remove(int lane) {
        vms.set(lane, null);
        update();
    }

    private void update() {
        Map<VmId, Integer> now = new TreeMap<>();
        for (int lane = 0; lane < vms.length(); lane++) {
            if (vms.get(lane) != null) {
                now.put(vms.get(lane).id(), lane);
            }
        }
        lanes = now;
    }

    /** Tells frames of one more VM apart; that it has the lane is another step. */
    FrameClassifier with(int lane, ProtectedVm vm, FrameClassifier before) {
        int[] present = present();
        int[] all = IntStream.concat(IntStream.of(present), IntStream.of(lane)).toArray();
        return before.of(
                IntStream.of(all).mapToObj(at -> at == lane ? vm : vms.get(at)).toList(), all);
    }

    /** Tells the frames of those apart that have a lane. */
    FrameClassifier without(FrameClassifier before) {
        int[] present = present();
        return before.of(IntStream.of(present).mapToObj(vms::get).toList(), present);
    }

    private int[] present() {
        return IntStream.range(0, vms.length())
                .filter(lane -> vms.get(lane) != null)
                .toArray();
    }
}
