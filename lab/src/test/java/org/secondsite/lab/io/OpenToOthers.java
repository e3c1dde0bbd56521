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
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.secondsite.lab.plan.LabPaths;
import org.secondsite.lab.plan.Site;

/** The files of a lab that another user of the machine could open: none that lies in a directory which only root can pass. */
final class OpenToOthers {
    private static final Set<PosixFilePermission> OTHERS = PosixFilePermissions.fromString("---rwxrwx");

    /** What the lab has written with no secret in it, and what is of routers and switches, which are none of the product's. */
    private static final Pattern NOT_MEANT =
            Pattern.compile("(router|switch)-.*|core\\..*|.*\\.(crt|crl|yaml)|state\\.json");

    private OpenToOthers() {}

    /** Mode and path of each; of guests' RAM as well, wherever it is. */
    static List<String> of(LabPaths paths) throws IOException {
        List<String> found = new ArrayList<>();
        look(paths.directory(), found);
        look(paths.disks(), found);
        for (Site site : Site.PAIR) {
            look(paths.ram(site), found);
        }
        return found;
    }

    private static void look(Path path, List<String> found) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)
                || NOT_MEANT.matcher(path.getFileName().toString()).matches()) {
            return;
        }
        Set<PosixFilePermission> mode = Files.getPosixFilePermissions(path, LinkOption.NOFOLLOW_LINKS);
        if (mode.stream().noneMatch(OTHERS::contains)) {
            return;
        }
        if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
            try (Stream<Path> inside = Files.list(path)) {
                for (Path each : inside.toList()) {
                    look(each, found);
                }
            }
        } else {
            found.add(PosixFilePermissions.toString(mode) + " " + path);
        }
    }
}
