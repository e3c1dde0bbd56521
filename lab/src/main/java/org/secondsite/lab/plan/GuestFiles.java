package org.secondsite.lab.plan;

import java.nio.file.Path;

/** What a guest boots from. */
public record GuestFiles(Path kernel, Path initrd) {}
