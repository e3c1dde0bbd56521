package org.secondsite.replicator;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.secondsite.config.EpochId;

/**
 * The disks that a VM's epochs carry, and how much of them the standby still lacks.
 *
 * <p>A first copy goes over several epochs: each brings a part of the disk beside what the VM has written, and only an epoch after
 * which nothing is missing makes an image of which the VM can be started.
 *
 * @param disks in the order of their index, at most {@link VolumeChanges#MAX_VOLUMES}
 * @param missingBlocks the blocks that the standby's images lack when this epoch is applied; 0 if they are whole
 * @param basis the chain of epochs, by its first one, for which the standby has said what its disks are: what the epochs leave out is as
 *     it has said. NONE if they take nothing for granted
 */
public record CarriedDisks(List<Disk> disks, long missingBlocks, EpochId basis) {
    /** Those of a VM that has none. */
    public static final CarriedDisks NONE = new CarriedDisks(List.of(), 0);

    /** Disks of whose other copy nothing is taken for granted. */
    public CarriedDisks(List<Disk> disks, long missingBlocks) {
        this(disks, missingBlocks, EpochId.NONE);
    }

    /** Checks and copies its parts. */
    public CarriedDisks {
        disks = List.copyOf(disks);
        Set<String> names = new HashSet<>();
        for (Disk disk : disks) {
            if (!names.add(disk.name())) {
                throw new IllegalArgumentException("two disks of the name " + disk.name());
            }
        }
        if (disks.size() > VolumeChanges.MAX_VOLUMES) {
            throw new IllegalArgumentException(disks.size() + " disks");
        }
        if (disks.isEmpty() && !basis.equals(EpochId.NONE)) {
            throw new IllegalArgumentException("no disks upon what was said for " + basis);
        }
        if (missingBlocks < 0 || (disks.isEmpty() && missingBlocks > 0)) {
            throw new IllegalArgumentException(missingBlocks + " blocks are missing");
        }
    }

    /**
     * A disk.
     *
     * @param name the name of its device, the same at both sites
     * @param bytes its size
     */
    public record Disk(String name, long bytes) {
        /** The longest name. */
        public static final int MAX_NAME_BYTES = 64;

        private static final long MAX_BYTES = (long) Integer.MAX_VALUE * PageSet.PAGE_BYTES;

        /** Checks its parts. */
        public Disk {
            if (!isName(name)) {
                throw new IllegalArgumentException("a disk's name of " + name.length() + " characters that is none");
            }
            if (bytes <= 0 || bytes > MAX_BYTES) {
                throw new IllegalArgumentException("disk " + name + " of " + bytes + " bytes");
            }
        }

        /** Whether a disk can be called so: it stands in file names and in logs. */
        public static boolean isName(String name) {
            return !name.isEmpty()
                    && name.length() <= MAX_NAME_BYTES
                    && name.chars()
                            .allMatch(c -> (c >= '0' && c <= '9')
                                    || (c >= 'a' && c <= 'z')
                                    || (c >= 'A' && c <= 'Z')
                                    || c == '-'
                                    || c == '_');
        }

        /** The number of its blocks; the last one may reach beyond its end, and is zeros there. */
        public int blocks() {
            return (int) ((bytes + PageSet.PAGE_BYTES - 1) / PageSet.PAGE_BYTES);
        }

        /** The disk, for an operator. */
        @Override
        public String toString() {
            return "disk " + name + " of " + bytes + " bytes";
        }
    }

    /** Whether there are none. */
    public boolean isEmpty() {
        return disks.isEmpty();
    }

    /** Whether the images are whole. */
    public boolean isWhole() {
        return missingBlocks == 0;
    }

    /** The same disks after another epoch. */
    public CarriedDisks missing(long blocks) {
        return new CarriedDisks(disks, blocks, basis);
    }

    /** The same disks where the standby has said what its own are. */
    public CarriedDisks upon(EpochId chain) {
        return new CarriedDisks(disks, missingBlocks, chain);
    }

    /** The blocks of all of them. */
    long blocks() {
        return disks.stream().mapToLong(Disk::blocks).sum();
    }

    /**
     * Why an epoch with these disks cannot be kept beside a hypervisor that has others, in words that name the disk; empty if
     * they are the same ones.
     *
     * @param there the disks of the standby
     */
    public Optional<String> mismatch(CarriedDisks there) {
        for (Disk disk : disks) {
            Optional<Disk> same = there.disks.stream()
                    .filter(other -> other.name().equals(disk.name()))
                    .findFirst();
            if (same.isEmpty()) {
                return Optional.of(disk + " at the owner's site is none of the standby's disks");
            }
            if (same.get().bytes() != disk.bytes()) {
                return Optional.of(
                        disk + " at the owner's site has " + same.get().bytes() + " bytes at the standby's");
            }
        }
        for (Disk disk : there.disks) {
            if (disks.stream().noneMatch(other -> other.name().equals(disk.name()))) {
                return Optional.of(disk + " at the standby's site is none of the owner's disks");
            }
        }
        List<String> here = disks.stream().map(Disk::name).toList();
        List<String> others = there.disks.stream().map(Disk::name).toList();
        return here.equals(others)
                ? Optional.empty()
                : Optional.of("the disks " + here + " stand in another order at the standby: " + others);
    }

    /**
     * What the checksum covers: count u8, of each name length u8, name, bytes u64; then the missing blocks u64, and the basis if there
     * is one, term u64, number u64.
     */
    ByteBuffer canonical() {
        ByteBuffer out = ByteBuffer.allocate(1 + disks.size() * (1 + Disk.MAX_NAME_BYTES + Long.BYTES) + 3 * Long.BYTES)
                .put((byte) disks.size());
        for (Disk disk : disks) {
            byte[] name = disk.name().getBytes(StandardCharsets.US_ASCII);
            out.put((byte) name.length).put(name).putLong(disk.bytes());
        }
        out.putLong(missingBlocks);
        if (!basis.equals(EpochId.NONE)) {
            out.putLong(basis.term()).putLong(basis.number());
        }
        return out.flip();
    }
}
