package org.secondsite.replicator.disk.io;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the images of a VM looked like when they were left in order, so that it is noticed when somebody has written to them since: an
 * operator who edits the disk of a VM that is off, for instance. It is the size and the time of the last change of each image, in the
 * file {@code VM.stamp}, which is there only while nobody uses the images: after a kill nothing is known, and they are trusted as they
 * are. A block device has no such time.
 */
final class ImageStamp {
    private static final Logger LOG = LoggerFactory.getLogger(ImageStamp.class);

    private ImageStamp() {}

    /**
     * Leaves them.
     *
     * @throws IOException if it cannot be written
     */
    static void leave(VmImages images) throws IOException {
        Files.writeString(file(images), text(images), StandardCharsets.UTF_8);
    }

    /**
     * Takes them up: whether somebody has changed one of them since they were left.
     *
     * @throws IOException if that cannot be found out
     */
    static boolean takeUp(VmImages images) throws IOException {
        Path file = file(images);
        if (!Files.exists(file)) {
            return false;
        }
        String before = Files.readString(file, StandardCharsets.UTF_8);
        Files.delete(file);
        boolean changed = !before.equals(text(images));
        if (changed) {
            LOG.warn(
                    "{}: an image was changed since it was left: what it was is not relied on\nbefore: {}\nnow: {}",
                    images.vm(),
                    before,
                    text(images));
        }
        return changed;
    }

    private static Path file(VmImages images) {
        return images.directory().resolve(images.vm() + ".stamp");
    }

    private static String text(VmImages images) throws IOException {
        StringBuilder text = new StringBuilder();
        for (VmImages.One image : images.list()) {
            BasicFileAttributes now = Files.readAttributes(image.file(), BasicFileAttributes.class);
            if (now.isRegularFile()) {
                text.append(image.name()).append(' ').append(now.size()).append(' ');
                text.append(now.lastModifiedTime()).append('\n');
            }
        }
        return text.toString().lines().collect(Collectors.joining("; "));
    }
}
