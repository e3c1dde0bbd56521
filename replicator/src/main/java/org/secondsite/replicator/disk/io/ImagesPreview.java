package org.secondsite.replicator.disk.io;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.secondsite.replicator.disk.BlockMemory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A standby's images, served to a hypervisor that waits for the state of its VM: it looks at its disks when it starts, and executes nothing
 * of the guest. Whatever is written is refused. Closing hangs up; the hypervisor connects again to whoever serves the disks then.
 */
final class ImagesPreview implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ImagesPreview.class);

    /** Nothing is captured. */
    private static final long NO_MEMORY_BYTES = 1 << 20;

    private final List<Volume> volumes = new ArrayList<>();
    private final List<NbdServer> servers = new ArrayList<>();

    /**
     * Serves them where the VM finds its disks.
     *
     * @throws IOException if an image cannot be read, or somebody else serves one
     */
    static ImagesPreview serve(VmImages images) throws IOException {
        ImagesPreview preview = new ImagesPreview();
        boolean whole = false;
        try {
            for (VmImages.One image : images.list()) {
                // A file that is open for reading alone cannot be changed by whoever asks for it.
                Volume volume = new Volume(
                        image.name(), BlockFile.openToRead(image.file()), false, new BlockMemory(NO_MEMORY_BYTES));
                preview.volumes.add(volume);
                preview.servers.add(NbdServer.open(
                        image.socket(), volume, trouble -> LOG.warn("{}, which waits: {}", image.name(), trouble)));
            }
            whole = true;
            return preview;
        } finally {
            if (!whole) {
                preview.close();
            }
        }
    }

    @Override
    public void close() throws IOException {
        for (NbdServer server : servers) {
            server.close();
        }
        for (Volume volume : volumes) {
            volume.close();
        }
    }
}
