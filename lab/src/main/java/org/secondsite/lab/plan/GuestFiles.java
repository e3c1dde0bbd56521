package org.secondsite.lab.plan;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What guests start from.
 *
 * @param disk the image that every site begins with a copy of; empty for a guest without a disk
 * @param booted what QEMU wrote of guests that had booted, by the VM's name, which a lab's guests go on from; those that are not there
 *     have to boot
 */
public record GuestFiles(Path kernel, Path initrd, Optional<Path> disk, Map<String, Path> booted) {
    /** Copies the map. */
    public GuestFiles {
        booted = Map.copyOf(booted);
    }

    /** Files of guests that have to boot. */
    public GuestFiles(Path kernel, Path initrd, Optional<Path> disk) {
        this(kernel, initrd, disk, Map.of());
    }

    /** The same, but one has booted already. */
    public GuestFiles withBooted(String vm, Path file) {
        Map<String, Path> more = new HashMap<>(booted);
        more.put(vm, file);
        return new GuestFiles(kernel, initrd, disk, more);
    }
}
