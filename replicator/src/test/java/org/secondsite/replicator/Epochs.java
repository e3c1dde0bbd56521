package org.secondsite.replicator;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;

/** Synthetic epochs for tests: a guest's RAM that changes at random, by a seed. */
public final class Epochs {
    private final Random random;
    private final VmId vm;
    private final int ramPages;
    private final SortedMap<Integer, byte[]> ram = new TreeMap<>();
    private byte[] device;
    private EpochId last = EpochId.NONE;

    public Epochs(VmId vm, int ramPages, long seed) {
        this.vm = vm;
        this.ramPages = ramPages;
        this.random = new Random(seed);
        this.device = new byte[random.nextInt(40_000)];
    }

    /** The next epoch under the id: a full image if it is the first. */
    public Epoch next(EpochId id, int maxChangedPages) {
        EpochId base = last;
        last = id;
        return next(id, base, maxChangedPages);
    }

    /** The whole RAM as it is now, under the id. */
    public Epoch full(EpochId id) {
        last = id;
        return epoch(id, EpochId.NONE, ram);
    }

    private Epoch next(EpochId id, EpochId base, int maxChangedPages) {
        SortedMap<Integer, byte[]> changed = new TreeMap<>();
        int count = random.nextInt(maxChangedPages + 1);
        for (int i = 0; i < count; i++) {
            int number = random.nextInt(ramPages);
            byte[] page = ram.getOrDefault(number, new byte[PageSet.PAGE_BYTES]).clone();
            change(page);
            ram.put(number, page);
            changed.put(number, page);
        }
        if (device.length > 0) {
            device = Arrays.copyOf(device, random.nextInt(4) == 0 ? random.nextInt(1, 40_000) : device.length);
            device[random.nextInt(device.length)]++;
        }
        return epoch(id, base, changed);
    }

    private void change(byte[] page) {
        switch (random.nextInt(5)) {
            case 0 -> Arrays.fill(page, (byte) 0);
            case 1 -> random.nextBytes(page);
            default -> {
                int from = random.nextInt(page.length);
                int to = Math.min(page.length, from + 1 + random.nextInt(200));
                for (int i = from; i < to; i++) {
                    page[i] = (byte) random.nextInt(8);
                }
            }
        }
    }

    private Epoch epoch(EpochId id, EpochId base, Map<Integer, byte[]> pages) {
        PageSet.Builder builder = PageSet.builder();
        pages.forEach((number, content) -> builder.add(number, ByteBuffer.wrap(content)));
        return new Epoch(new EpochHeader(vm, id, base, (long) ramPages * PageSet.PAGE_BYTES), builder.build(), device);
    }
}
