package org.secondsite.bench.disk;

import java.util.Locale;

/** Who serves the image. */
enum DiskContender {
    /** {@code qemu-nbd --cache=none}: past the page cache. */
    QEMU_NBD("qemu-nbd cache=none"),
    /** The product's server with capture, an epoch ten times a second, flushes answered at once: a protected VM's. */
    PROTECTED("protected"),
    /** The same, but a flush waits for the disk: before and after protection. */
    HONEST("flushes wait");

    private final String title;

    DiskContender(String title) {
        this.title = title;
    }

    String title() {
        return title;
    }

    String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
