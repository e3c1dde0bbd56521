package org.secondsite.lab.plan;

import java.nio.file.Path;
import java.util.Optional;

/**
 * What a guest starts from.
 *
 * @param disk the image that every site begins with a copy of; empty for a guest without a disk
 * @param booted what QEMU wrote of one that had booted, which a lab's guest goes on from; empty for one that has to boot
 */
public record GuestFiles(Path kernel, Path initrd, Optional<Path> disk, Optional<Path> booted) {
    /** Files of a guest that has to boot. */
    public GuestFiles(Path kernel, Path initrd, Optional<Path> disk) {
        this(kernel, initrd, disk, Optional.empty());
    }

    /** The same, but it has booted already. */
    public GuestFiles withBooted(Path file) {
        return new GuestFiles(kernel, initrd, disk, Optional.of(file));
    }
}
