# fish completion for crun-lite(8).  What fits is told by crun-lite itself, from the tables that parse its command line.
# SPDX-License-Identifier: Apache-2.0

function __crun_lite_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in (crun-lite complete -- $words[2..-1] $current 2>/dev/null)
        switch $line
            case ':files'
                __fish_complete_path $current
            case ':dirs'
                __fish_complete_directories $current
            case ':images'
                crun-lite images 2>/dev/null | awk 'NR > 1 {print $1; print $NF}'
            case ':'
            case '*'
                echo $line
        end
    end
end

complete -c crun-lite -f -a '(__crun_lite_complete)'
