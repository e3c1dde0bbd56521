package org.secondsite.lab.plan;

import java.nio.file.Path;
import java.util.Optional;

/**
 * What a guest boots from.
 *
 * @param disk the image that every site begins with a copy of; empty for a guest without a disk
 */
public record GuestFiles(Path kernel, Path initrd, Optional<Path> disk) {}
