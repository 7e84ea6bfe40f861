/**
 * What containers put out, in files in the CRI's format, as the kubelet reads it. Source:
 * kubernetes/design-proposals-archive, node/kubelet-cri-logging.md.
 */
@NullMarked
package dev.caisson.executor.log;

import org.jspecify.annotations.NullMarked;
