#!/bin/sh
# fada-read IMAGE [...], fada-read --self-test [...], fada-read --cpu
case "${1:-}" in
    --self-test) shift; exec "@PROGRAM@" --self-test "@RELEASE@" "$@" ;;
    --cpu) exec "@PROGRAM@" --cpu ;;
    *) exec "@PROGRAM@" "@RELEASE@" "$@" ;;
esac
