package org.secondsite.lab.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.secondsite.lab.plan.LabPaths;
import org.secondsite.lab.plan.Site;

/**
 * The files of a lab that another user of the machine could open: not those in a directory that only root can pass, and not those
 * that the lab has written itself, with no secret, or that are of routers and switches.
 */
final class OpenToOthers {
    private static final Set<PosixFilePermission> OTHERS = PosixFilePermissions.fromString("---rwxrwx");

    private OpenToOthers() {}

    /** Mode and path of each; and of every file of a guest's RAM, wherever it is. */
    static List<String> of(LabPaths paths, List<String> allowed) throws IOException {
        List<String> found = new ArrayList<>();
        for (Path top : List.of(paths.directory(), paths.disks())) {
            look(top, allowed, found);
        }
        for (Site site : Site.values()) {
            look(paths.ram(site), List.of(), found);
        }
        return found;
    }

    private static void look(Path path, List<String> allowed, List<String> found) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)
                || allowed.contains(path.getFileName().toString())) {
            return;
        }
        Set<PosixFilePermission> mode = Files.getPosixFilePermissions(path, LinkOption.NOFOLLOW_LINKS);
        boolean open = mode.stream().anyMatch(OTHERS::contains);
        if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
            if (open) {
                found.add(PosixFilePermissions.toString(mode) + " " + path);
            }
        } else if (open) {
            try (Stream<Path> inside = Files.list(path)) {
                for (Path each : inside.toList()) {
                    look(each, allowed, found);
                }
            }
        }
    }
}
